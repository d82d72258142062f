import { nameIn } from '../../server/conf/host-name.ts';
import type {
  BalanceConf,
  UpstreamConf,
  UpstreamServerConf,
} from '../../server/conf/upstream-conf.ts';
import { ConfigError } from '../config-error.ts';
import { type DirectiveTable, MANY, type Use } from '../directive.ts';
import { noteHost } from '../host-use.ts';
import { type ContextName, Scope } from '../scope.ts';
import { stickyOf } from './sticky.ts';

const GROUPS = 'upstreams';
const GROUP = 'upstream';

type Draft = { -readonly [Key in keyof UpstreamConf]: UpstreamConf[Key] };
/** A group with its block, whose settings may still come from around it. */
type Group = { readonly draft: Draft; readonly scope: Scope };

function groupsOf(scope: Scope): Group[] {
  let groups = scope.parts.get(GROUPS) as Group[] | undefined;
  if (groups === undefined) {
    groups = [];
    scope.parts.set(GROUPS, groups);
  }
  return groups;
}

/** The groups of an `http` or `stream` block, once all of it has been read. */
export function upstreamsOf(scope: Scope): readonly UpstreamConf[] {
  const sticky = new Map<string, string>();
  return groupsOf(scope).map(({ draft, scope: inner }) => {
    checkZone(draft, inner, sticky);
    const resolver = inner.lookup('resolver');
    const resolverTimeout = inner.lookup('resolverTimeout') ?? draft.resolverTimeout;
    const group = { ...draft, resolver, resolverTimeout };
    checkNames(group, inner);
    return group;
  });
}

/** Sessions of two groups are not mixed. `used`: zones, and who has them. */
function checkZone({ name, sticky }: Draft, { position }: Scope, used: Map<string, string>): void {
  if (sticky?.kind !== 'learn') return;
  const other = used.get(sticky.zone);
  if (other !== undefined) {
    throw new ConfigError(
      `sticky zone "${sticky.zone}" is already used in upstream "${other}"`,
      position,
    );
  }
  used.set(sticky.zone, name);
}

/** Names are followed where the state is shared, and with somebody to ask. */
function checkNames({ name, servers, zone, resolver }: UpstreamConf, { position }: Scope): void {
  if (!servers.some(({ resolve }) => resolve)) return;
  if (zone === undefined) {
    const place = position === undefined ? '' : ` in ${position.file}:${position.line}`;
    throw new ConfigError(
      `resolving names at run time requires upstream "${name}"${place} to be in shared memory`,
      undefined,
      'a line "zone name 64k;" in the group will do',
    );
  }
  if (resolver === undefined || resolver.servers.length === 0) {
    throw new ConfigError(
      `no resolver defined to resolve names at run time in upstream "${name}"`,
      position,
    );
  }
}

function draftOf(use: Use): Draft {
  return use.scope.parts.get(GROUP) as Draft;
}

/** Inside of groups of either kind. */
const BOTH: readonly ContextName[] = ['upstream', 'stream-upstream'];

/** `upstream` and what stands in it. */
export const upstreamDirectives: DirectiveTable = {
  upstream: { contexts: ['http', 'stream'], args: 1, block: true, read: readGroup },
  server: { contexts: BOTH, args: [1, MANY], read: readServer },
  least_conn: {
    contexts: BOTH,
    args: 0,
    read: (use) => balance(use, { method: 'least-conn' }),
  },
  ip_hash: { contexts: ['upstream'], args: 0, read: (use) => balance(use, { method: 'ip-hash' }) },
  random: {
    contexts: BOTH,
    args: [0, 2],
    read: (use) => {
      const [two, method] = use.args;
      if (two !== undefined && two !== 'two') use.fail(`invalid parameter "${two}"`);
      if (method !== undefined && method !== 'least_conn' && !method.startsWith('least_time=')) {
        use.fail(`invalid parameter "${method}"`);
      }
      balance(use, { method: two === undefined ? 'random' : 'random-2' });
    },
  },
  hash: {
    contexts: BOTH,
    args: [1, 2],
    read: (use) => {
      const [, word] = use.args;
      if (word !== undefined && word !== 'consistent') use.fail(`invalid parameter "${word}"`);
      balance(use, { method: 'hash', key: use.template(), consistent: word === 'consistent' });
    },
  },
  least_time: [
    {
      contexts: ['upstream'],
      args: [1, 2],
      support: 'partly',
      note: '`inflight` has no effect',
      read: (use) => {
        checkInflight(use);
        const of = use.oneOf('header', 'last_byte') === 'header' ? 'header' : 'last-byte';
        balance(use, { method: 'least-time', of });
      },
    },
    {
      contexts: ['stream-upstream'],
      args: [1, 2],
      support: 'partly',
      note: '`inflight` has no effect',
      read: (use) => {
        checkInflight(use);
        const of = STREAM_TIMES[use.oneOf('connect', 'first_byte', 'last_byte')];
        balance(use, { method: 'least-time', of });
      },
    },
  ],
  zone: {
    contexts: BOTH,
    args: [1, 2],
    read: (use) => {
      const [name = '', size] = use.args;
      if (size !== undefined && use.size(size) < 8 * 4096) use.fail(`zone "${name}" is too small`);
      draftOf(use).zone = name;
    },
  },
  sticky: {
    contexts: ['upstream'],
    args: [2, MANY],
    read: (use) => {
      const draft = draftOf(use);
      if (draft.sticky !== undefined) use.failDuplicate();
      draft.sticky = stickyOf(use);
    },
  },
  keepalive: {
    contexts: ['upstream'],
    args: [1, 2],
    default: '32 local',
    support: 'partly',
    note: 'connections are shared by all locations of a group, with and without local',
    read: (use) => {
      const [, local] = use.args;
      if (local !== undefined && local !== 'local') use.fail(`invalid parameter "${local}"`);
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

/** The second word of `least_time`. */
function checkInflight(use: Use): void {
  const [, word] = use.args;
  if (word !== undefined && word !== 'inflight') use.fail(`invalid parameter "${word}"`);
}

const STREAM_TIMES = {
  connect: 'connect',
  first_byte: 'first-byte',
  last_byte: 'last-byte',
} as const;

function readGroup(use: Use): void {
  const name = use.first.toLowerCase();
  const groups = groupsOf(use.scope);
  if (groups.some(({ draft }) => draft.name === name)) use.fail(`duplicate upstream "${name}"`);
  const draft: Draft = {
    name,
    servers: [],
    balance: { method: 'round-robin' },
    zone: undefined,
    sticky: undefined,
    resolver: undefined,
    resolverTimeout: 30_000,
    keepalive: 32,
    keepaliveRequests: 1000,
    keepaliveTime: 3_600_000,
    keepaliveTimeout: 60_000,
  };
  const kind = use.scope.context === 'stream' ? 'stream-upstream' : 'upstream';
  const scope = new Scope(kind, use.scope, use.position);
  scope.parts.set(GROUP, draft);
  use.reader.readAll(use.node.block ?? [], scope);
  if (draft.servers.length === 0) use.fail('no servers are inside upstream');
  groups.push({ draft, scope });
}

function balance(use: Use, conf: BalanceConf): void {
  const draft = draftOf(use);
  if (draft.balance.method !== 'round-robin') use.warn('load balancing method redefined');
  draft.balance = conf;
}

const NO_BACKUP = new Set(['ip-hash', 'hash', 'random', 'random-2']);

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
    drain: false,
    route: undefined,
  };
  for (const word of words) server = { ...server, ...parameterOf(use, word) };
  checkName(use, server);
  const isStream = use.scope.context === 'stream-upstream';
  if (isStream && !address.startsWith('unix:') && !/:\d+$/.test(address) && !server.service) {
    use.fail(`no port in upstream "${address}"`);
  }
  const { method } = draft.balance;
  if (server.backup && NO_BACKUP.has(method)) {
    use.fail('balancing method does not support parameter "backup"');
  }
  draft.servers = [...draft.servers, server];
}

function checkName(use: Use, { address, resolve, service, down, drain }: UpstreamServerConf): void {
  if (down && drain) use.fail('invalid parameter "drain"');
  if (service !== undefined) {
    if (!resolve) use.fail(`service upstream "${address}" requires "resolve" parameter`);
    if (/:\d+$/.test(address)) use.fail(`service upstream "${address}" may not have port`);
    if (nameIn(address) === undefined) {
      use.fail(`service upstream "${address}" requires domain name`);
    }
  }
  if (!resolve) noteHost(use, address, `upstream "${address}"`);
}

function parameterOf(use: Use, word: string): Partial<UpstreamServerConf> {
  if (word === 'backup') return { backup: true };
  if (word === 'down') return { down: true };
  if (word === 'resolve') return { resolve: true };
  if (word === 'drain' && use.scope.context === 'upstream') return { drain: true };
  const equals = word.indexOf('=');
  const name = word.slice(0, equals);
  const value = word.slice(equals + 1);
  const invalid = (): never => use.fail(`invalid parameter "${word}"`);
  const number = (): number => (/^\d+$/.test(value) ? Number(value) : invalid());
  if (name === 'weight') return { weight: number() || invalid() };
  if (name === 'max_conns') return { maxConns: number() };
  if (name === 'max_fails') return { maxFails: number() };
  if (name === 'fail_timeout') return { failTimeout: use.seconds(value) };
  if (name === 'service') return { service: value || use.fail('service is empty') };
  if (name === 'route' && use.scope.context === 'upstream') return { route: routeOf(use, value) };
  return invalid();
}

/** As long as the name that a server without a route is given. */
const ROUTE_LENGTH_MAX = 32;

function routeOf(use: Use, value: string): string {
  if (value === '') use.fail('route is empty');
  if (value.length > ROUTE_LENGTH_MAX) use.fail(`route is longer than ${ROUTE_LENGTH_MAX}`);
  return value;
}
