import type { MessageHead } from '../../http/message-head.ts';
import { parseHostPort } from '../../net/address.ts';
import { checkedTimes, checkNames } from '../checked-numbers.ts';
import { UPSTREAM_TIMEOUTS, type UpstreamTimeouts } from '../proxy-config.ts';
import { RING_WEIGHT_MAX } from './ketama.ts';
import type { LeastTimeOf } from './least-time.ts';
import { parseServerUrl } from './server-url.ts';
import type {
  BalanceConfig,
  DestinationDefaults,
  HealthConfig,
  RetryCondition,
  RetryConfig,
  ServerConfig,
  UpstreamConfig,
} from './upstream-config.ts';
import { POOL_LIMITS, type PoolLimits } from './upstream-pool.ts';

/** Servers that a group may be configured with. */
export const SERVERS_MAX: number = 1024;
export const WEIGHT_MAX: number = 65_535;
const COUNT_MAX = 1_000_000;
/** A day: longer waits than that are mistakes. */
const WAIT_MS_MAX = 86_400_000;

export type UpstreamServer = {
  /** `http://host:port`; the scheme and the port may be left out. */
  readonly url: string;
} & Partial<Omit<ServerConfig, 'name' | 'scheme' | 'host' | 'port' | 'endpoint' | 'weighted'>>;

export type BalanceOption =
  | 'round-robin'
  | 'least-conn'
  | 'ip-hash'
  | 'random'
  | 'random-2'
  | 'least-time'
  | 'peak-ewma'
  | { readonly leastTime: LeastTimeOf }
  /** Whoever picks gives the key. */
  | { readonly hash: unknown; readonly consistent?: boolean };

export type HealthOptions = {
  /** Left out: a connection is opened and closed, nothing more. */
  readonly uri?: string;
  readonly host?: string;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly rise?: number;
  readonly fall?: number;
  readonly accept?: (head: MessageHead) => boolean;
};

/** What a user says about a group; everything but the servers has a default. */
export type UpstreamOptions = {
  readonly servers: readonly (string | UpstreamServer)[];
  readonly balance?: BalanceOption;
  /** Idle connections that are kept, or all limits of the pool. */
  readonly keepalive?: number | Partial<PoolLimits>;
  readonly health?: HealthOptions;
  readonly retry?: Partial<RetryConfig>;
  readonly timeouts?: Partial<UpstreamTimeouts>;
  readonly resolve?: boolean | { readonly service: string };
  readonly holdMs?: number;
  readonly lookupMs?: number;
  readonly destination?: DestinationDefaults;
};

const RETRY: RetryConfig = { on: ['error', 'timeout'], tries: 3, budgetMs: 0 };
const RETRY_CONDITIONS: ReadonlySet<RetryCondition> = new Set<RetryCondition>([
  'error',
  'timeout',
  'invalid-header',
  'non-idempotent',
  403,
  404,
  429,
  500,
  502,
  503,
  504,
]);
const HOLD_MS = 30_000;

const NAMES: Readonly<Record<keyof UpstreamOptions, true>> = {
  servers: true,
  balance: true,
  keepalive: true,
  health: true,
  retry: true,
  timeouts: true,
  resolve: true,
  holdMs: true,
  lookupMs: true,
  destination: true,
};

/** Checks the options and fills them up; throws `TypeError` that says where and what is wrong. */
export function upstreamConfig(name: string, options: UpstreamOptions): UpstreamConfig {
  const check = new Check(`upstream "${name}"`);
  checkNames(`upstream "${name}"`, options, Object.keys(NAMES));
  const { servers, holdMs = HOLD_MS, destination = {}, resolve = true } = options;
  if (servers.length === 0) throw check.bad('no servers are inside');
  check.whole('servers', servers.length, 1, SERVERS_MAX);
  const balance = balanceOf(options.balance ?? 'round-robin', check);
  const configured = servers.map((server, index) => serverOf(server, index, check));
  checkTogether(configured, balance, check);
  if (typeof resolve === 'object') checkService(resolve.service, configured, check);
  const pool = poolOf(options.keepalive, check);
  check.whole('holdMs', holdMs, 0, WAIT_MS_MAX);
  if (options.lookupMs !== undefined) check.whole('lookupMs', options.lookupMs, 1, WAIT_MS_MAX);
  return {
    name,
    servers: configured,
    balance,
    pool,
    health: options.health && healthOf(options.health, configured, check),
    retry: retryOf(options.retry ?? {}, check),
    timeouts: timesOf(name, pool, options.timeouts),
    resolve,
    holdMs,
    ...(options.lookupMs !== undefined && { lookupMs: options.lookupMs }),
    destination,
  };
}

/** Says where a mistake is. */
class Check {
  readonly #where: string;

  constructor(where: string) {
    this.#where = where;
  }

  bad(what: string, cause?: unknown): TypeError {
    return new TypeError(`${this.#where}: ${what}`, { cause });
  }

  whole(what: string, value: number, min: number, max: number): void {
    if (Number.isInteger(value) && value >= min && value <= max) return;
    throw this.bad(`${what} is ${value}, not a whole number from ${min} to ${max}`);
  }

  within(where: string): Check {
    return new Check(`${this.#where}, ${where}`);
  }
}

function serverOf(option: string | UpstreamServer, index: number, group: Check): ServerConfig {
  const given = typeof option === 'string' ? { url: option } : option;
  const check = group.within(`server ${index + 1} ('${given.url}')`);
  const { url, weight = 1, backup = false, down = false, maxConns = 0, maxFails = 1 } = given;
  const { failTimeoutMs = 10_000, slowStartMs = 0 } = given;
  check.whole('weight', weight, 1, WEIGHT_MAX);
  check.whole('maxConns', maxConns, 0, COUNT_MAX);
  check.whole('maxFails', maxFails, 0, COUNT_MAX);
  check.whole('failTimeoutMs', failTimeoutMs, 0, WAIT_MS_MAX);
  check.whole('slowStartMs', slowStartMs, 0, WAIT_MS_MAX);
  const numbers = { weight, maxConns, maxFails, failTimeoutMs, slowStartMs };
  try {
    const weighted = given.weight !== undefined && { weighted: true };
    const server = { ...parseServerUrl(url), ...numbers, ...weighted, ...extrasOf(given) };
    if (server.service !== undefined) checkServiceOf(server.service, server, check);
    return { ...server, backup, down };
  } catch (error) {
    throw check.bad(error instanceof Error ? error.message : String(error), error);
  }
}

/** What few servers have: others are the same objects without it. */
function extrasOf({
  service,
  drain,
  route,
}: UpstreamServer): Pick<ServerConfig, 'service' | 'drain' | 'route'> {
  return {
    ...(service !== undefined && { service }),
    ...(drain !== undefined && { drain }),
    ...(route !== undefined && { route }),
  };
}

function balanceOf(option: BalanceOption, check: Check): BalanceConfig {
  if (typeof option === 'object') {
    if ('leastTime' in option) return { method: 'least-time', of: option.leastTime };
    return { method: 'hash', consistent: option.consistent ?? false };
  }
  switch (option) {
    case 'least-time':
      return { method: 'least-time', of: 'head' };
    case 'round-robin':
    case 'least-conn':
    case 'ip-hash':
    case 'random':
    case 'random-2':
    case 'peak-ewma':
      return { method: option };
    default:
      throw check.bad(`'${option satisfies never}' is no way to balance`);
  }
}

/** What servers and method say together: nginx refuses the same combinations. */
function checkTogether(
  servers: readonly ServerConfig[],
  balance: BalanceConfig,
  check: Check,
): void {
  const { method } = balance;
  if (!servers.some(({ backup }) => !backup)) throw check.bad('all servers are backups');
  if (method === 'ip-hash' || method === 'hash' || method.startsWith('random')) {
    const parameter = servers.some(({ backup }) => backup)
      ? 'backup'
      : servers.some(({ slowStartMs }) => slowStartMs > 0) && 'slowStartMs';
    if (parameter) throw check.bad(`the method '${method}' does not support '${parameter}'`);
  }
  if (method !== 'hash' || !balance.consistent) return;
  const weight = servers.reduce((sum, server) => sum + server.weight, 0);
  check.whole('the weight of all servers', weight, 1, RING_WEIGHT_MAX);
}

function checkServiceOf(
  service: string,
  { endpoint, name }: Pick<ServerConfig, 'endpoint' | 'name'>,
  check: Check,
): void {
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(service)) {
    throw check.bad(`'${service}' is no name of a service`);
  }
  if (endpoint === undefined && parseHostPort(name).port !== undefined) {
    throw check.bad(`'${name}' has a port, which its service says`);
  }
}

/** As nginx: a service says its ports itself. */
function checkService(service: string, servers: readonly ServerConfig[], check: Check): void {
  for (const server of servers) checkServiceOf(service, server, check);
  if (servers.every(({ endpoint }) => endpoint !== undefined)) {
    throw check.bad('a service, and no server is a name');
  }
}

function timesOf(name: string, { idleMs }: PoolLimits, given: object = {}): UpstreamTimeouts {
  return checkedTimes(`upstream "${name}", timeouts`, { ...UPSTREAM_TIMEOUTS, idleMs }, given);
}

function poolOf(option: UpstreamOptions['keepalive'], check: Check): PoolLimits {
  const given = typeof option === 'number' ? { idle: option } : (option ?? {});
  const idle = given.idle ?? POOL_LIMITS.idle;
  const limits = { ...POOL_LIMITS, idlePerPeer: idle, ...given };
  check.whole('keepalive', limits.idle, 0, COUNT_MAX);
  check.whole('keepalive.idlePerPeer', limits.idlePerPeer, 0, COUNT_MAX);
  check.whole('keepalive.requests', limits.requests, 1, Number.MAX_SAFE_INTEGER);
  check.whole('keepalive.ageMs', limits.ageMs, 1, Number.MAX_SAFE_INTEGER);
  check.whole('keepalive.idleMs', limits.idleMs, 1, WAIT_MS_MAX);
  return limits;
}

function healthOf(
  option: HealthOptions,
  servers: readonly ServerConfig[],
  group: Check,
): HealthConfig {
  const check = group.within('health');
  const { uri, host, intervalMs = 5_000, timeoutMs = 1_000, rise = 2, fall = 3, accept } = option;
  check.whole('intervalMs', intervalMs, 1, WAIT_MS_MAX);
  check.whole('timeoutMs', timeoutMs, 1, intervalMs);
  check.whole('rise', rise, 1, COUNT_MAX);
  check.whole('fall', fall, 1, COUNT_MAX);
  for (const text of [uri, host]) {
    // The two go into a request as they are (RFC 9112 §3.2).
    if (text !== undefined && !/^[\x21-\x7e]+$/.test(text)) {
      throw check.bad(`${JSON.stringify(text)} has characters that do not belong there`);
    }
  }
  if (uri !== undefined && !uri.startsWith('/')) throw check.bad(`'${uri}' does not begin with /`);
  if (uri !== undefined && servers.some(({ scheme }) => scheme === 'https')) {
    throw check.bad('a uri is asked for without TLS; leave it out to check the connection alone');
  }
  return { uri, host, intervalMs, timeoutMs, rise, fall, accept };
}

function retryOf(option: Partial<RetryConfig>, check: Check): RetryConfig {
  const retry = { ...RETRY, ...option };
  check.whole('retry.tries', retry.tries, 0, COUNT_MAX);
  check.whole('retry.budgetMs', retry.budgetMs, 0, WAIT_MS_MAX);
  for (const condition of retry.on) {
    if (RETRY_CONDITIONS.has(condition)) continue;
    throw check.bad(`'${String(condition)}' is nothing that a request is repeated for`);
  }
  return retry;
}
