import type {
  BalanceConf,
  UpstreamConf,
  UpstreamServerConf,
} from '../../server/conf/upstream-conf.ts';
import { type DirectiveTable, MANY, type Use } from '../directive.ts';
import { Scope } from '../scope.ts';

const GROUPS = 'upstreams';
const GROUP = 'upstream';

type Draft = { -readonly [Key in keyof UpstreamConf]: UpstreamConf[Key] };

/** The groups of an `http` or `stream` block. */
export function upstreamsOf(scope: Scope): UpstreamConf[] {
  let groups = scope.parts.get(GROUPS) as UpstreamConf[] | undefined;
  if (groups === undefined) {
    groups = [];
    scope.parts.set(GROUPS, groups);
  }
  return groups;
}

function draftOf(use: Use): Draft {
  return use.scope.parts.get(GROUP) as Draft;
}

/** `upstream` and what stands in it. */
export const upstreamDirectives: DirectiveTable = {
  upstream: { contexts: ['http'], args: 1, block: true, read: readGroup },
  server: { contexts: ['upstream'], args: [1, MANY], read: readServer },
  least_conn: {
    contexts: ['upstream'],
    args: 0,
    read: (use) => balance(use, { method: 'least-conn' }),
  },
  ip_hash: { contexts: ['upstream'], args: 0, read: (use) => balance(use, { method: 'ip-hash' }) },
  random: {
    contexts: ['upstream'],
    args: [0, 2],
    read: (use) => {
      const [two, method] = use.args;
      if (two !== undefined && two !== 'two') use.fail(`invalid parameter "${two}"`);
      if (method !== undefined && method !== 'least_conn' && !method.startsWith('least_time=')) {
        use.fail(`invalid parameter "${method}"`);
      }
      balance(use, { method: 'random-2' });
    },
  },
  hash: {
    contexts: ['upstream'],
    args: [1, 2],
    read: (use) => {
      const [, word] = use.args;
      if (word !== undefined && word !== 'consistent') use.fail(`invalid parameter "${word}"`);
      balance(use, { method: 'hash', key: use.template(), consistent: word === 'consistent' });
    },
  },
  least_time: {
    contexts: ['upstream'],
    args: [1, 2],
    read: (use) => {
      const of = use.oneOf('header', 'last_byte') === 'header' ? 'header' : 'last-byte';
      balance(use, { method: 'least-time', of });
    },
  },
  zone: {
    contexts: ['upstream'],
    args: [1, 2],
    support: 'partly',
    note: 'one process has all of the state',
    read: (use) => {
      const [name = '', size] = use.args;
      if (size !== undefined && use.size(size) < 8 * 4096) use.fail(`zone "${name}" is too small`);
    },
  },
  keepalive: {
    contexts: ['upstream'],
    args: [1, 2],
    default: '32 local',
    read: (use) => {
      draftOf(use).keepalive = use.number();
    },
  },
  keepalive_requests: {
    contexts: ['upstream'],
    args: 1,
    default: '1000',
    read: (use) => {
      draftOf(use).keepaliveRequests = use.number();
    },
  },
  keepalive_time: {
    contexts: ['upstream'],
    args: 1,
    default: '1h',
    read: (use) => {
      draftOf(use).keepaliveTime = use.time();
    },
  },
  keepalive_timeout: {
    contexts: ['upstream'],
    args: 1,
    default: '60s',
    read: (use) => {
      draftOf(use).keepaliveTimeout = use.time();
    },
  },
};

function readGroup(use: Use): void {
  const name = use.first.toLowerCase();
  const groups = upstreamsOf(use.scope);
  if (groups.some((group) => group.name === name)) use.fail(`duplicate upstream "${name}"`);
  const draft: Draft = {
    name,
    servers: [],
    balance: { method: 'round-robin' },
    keepalive: 32,
    keepaliveRequests: 1000,
    keepaliveTime: 3_600_000,
    keepaliveTimeout: 60_000,
  };
  const scope = new Scope('upstream', use.scope, use.position);
  scope.parts.set(GROUP, draft);
  use.reader.readAll(use.node.block ?? [], scope);
  if (draft.servers.length === 0) use.fail('no servers are inside upstream');
  groups.push(draft);
}

function balance(use: Use, conf: BalanceConf): void {
  const draft = draftOf(use);
  if (draft.balance.method !== 'round-robin') use.warn('load balancing method redefined');
  draft.balance = conf;
}

const NO_BACKUP = new Set(['ip-hash', 'hash', 'random-2']);

function readServer(use: Use): void {
  const [address = '', ...words] = use.args;
  const draft = draftOf(use);
  let server: UpstreamServerConf = {
    address,
    weight: 1,
    maxConns: 0,
    maxFails: 1,
    failTimeout: 10_000,
    backup: false,
    down: false,
    resolve: false,
    service: undefined,
    route: undefined,
  };
  for (const word of words) server = { ...server, ...parameterOf(use, word) };
  const { method } = draft.balance;
  if (server.backup && NO_BACKUP.has(method)) {
    use.fail('balancing method does not support parameter "backup"');
  }
  draft.servers = [...draft.servers, server];
}

function parameterOf(use: Use, word: string): Partial<UpstreamServerConf> {
  if (word === 'backup') return { backup: true };
  if (word === 'down') return { down: true };
  if (word === 'resolve') return { resolve: true };
  const equals = word.indexOf('=');
  const name = word.slice(0, equals);
  const value = word.slice(equals + 1);
  const invalid = (): never => use.fail(`invalid parameter "${word}"`);
  const number = (): number => (/^\d+$/.test(value) ? Number(value) : invalid());
  if (name === 'weight') return { weight: number() || invalid() };
  if (name === 'max_conns') return { maxConns: number() };
  if (name === 'max_fails') return { maxFails: number() };
  if (name === 'fail_timeout') return { failTimeout: use.seconds(value) };
  if (name === 'service') return { service: value };
  if (name === 'route') return { route: value };
  return invalid();
}
