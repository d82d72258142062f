import type { Family } from './special-names.ts';
import { answerGuard } from './system/cidr-list.ts';
import { NDOTS_MAX, SEARCH_MAX } from './system/resolv-conf.ts';
import { parseServers, type ServerAddress, type ServerSpec } from './system/server-spec.ts';

/** How a resolver works; every part has a default. Times are milliseconds. */
export type ResolverOptions = {
  /** `127.0.0.1`, `[::1]:5353`, `fe80::1%eth0`, `tcp://…`, or as data; default: the system's. */
  readonly servers?: readonly (string | ServerSpec)[];
  /** Reads resolv.conf and hosts; default: where no servers are given. */
  readonly system?:
    | boolean
    | {
        /** A path; `false`: not read. */
        readonly resolvConf?: string | false;
        readonly hosts?: string | false;
        /** Looks again for changes, at most every 5 s, when used; default true. */
        readonly watch?: boolean;
      };
  /** Default both. */
  readonly families?: readonly Family[];
  /** Domains that are tried behind a name, or those of resolv.conf; default none. */
  readonly search?: readonly string[] | 'system';
  /** A name with as many dots is tried as it is first; default 1, or resolv.conf's. */
  readonly ndots?: number;
  /** The hard end of one call; default 30,000. */
  readonly timeoutMs?: number;
  /** Keeps what was found for so long, whatever its TTL. */
  readonly valid?: number;
  /** Defaults 2,000, 250, 5,000, and 2 questions to each server. */
  readonly attempt?: {
    readonly initialMs?: number;
    readonly minMs?: number;
    readonly maxMs?: number;
    readonly perServer?: number;
  };
  /** Defaults 0, a day, 15 minutes and a second. */
  readonly ttl?: {
    readonly minMs?: number;
    readonly maxMs?: number;
    readonly negativeMaxMs?: number;
    readonly failureMs?: number;
  };
  /** Gives what has expired when nobody answers; defaults a day, 1,800. */
  readonly stale?: false | { readonly maxAgeMs?: number; readonly afterMs?: number };
  /** Asks anew in the last tenth of a TTL; default true. */
  readonly prefetch?: boolean;
  /** Default 10,000. */
  readonly cacheEntries?: number;
  /** Default 1,232 bytes. */
  readonly ednsSize?: number;
  /** Mixes the case of letters, so that an answer proves that it saw the question; default `auto`. */
  readonly case0x20?: 'auto' | 'on' | 'off';
  /** Defaults 8 and 64. */
  readonly sockets?: { readonly perServer?: number; readonly queriesEach?: number };
  /** Questions under way at once; default 4,096. */
  readonly maxInFlight?: number;
  /** Ranges whose addresses no answer may bring, but for those of `allowAnswers`. */
  readonly denyAnswers?: readonly string[];
  readonly allowAnswers?: readonly string[];
};

/** Longest that a call, an attempt or a record may be told to last: a week. */
const MS_MAX = 7 * 86_400_000;
const FAMILIES: readonly Family[] = [4, 6];

/** What was asked for, checked, with all defaults that concern lookups. */
export type Settings = {
  readonly servers: readonly ServerAddress[] | undefined;
  readonly system: { resolvConf?: string | false; hosts?: string | false; watch?: boolean };
  readonly families: readonly Family[];
  readonly search: readonly string[] | 'system';
  readonly ndots: number | undefined;
  readonly timeoutMs: number;
  readonly cacheEntries: number;
  /** Which addresses an answer may bring; `undefined`: all. */
  readonly guard: ((address: string) => boolean) | undefined;
};

/** Checks what a user said; what makes no sense is a `TypeError`. */
export function settingsOf(options: ResolverOptions): Settings {
  const { servers, families = FAMILIES, search = [], timeoutMs = 30_000 } = options;
  const { attempt = {}, ttl = {}, stale = {}, sockets = {}, cacheEntries = 10_000 } = options;
  if (families.length === 0 || families.some((family) => family !== 4 && family !== 6)) {
    throw new TypeError('families: 4, 6 or both');
  }
  if (search !== 'system' && search.length > SEARCH_MAX) {
    throw new TypeError(`search: at most ${SEARCH_MAX} domains`);
  }
  if (!['auto', 'on', 'off'].includes(options.case0x20 ?? 'auto')) {
    throw new TypeError('case0x20: auto, on or off');
  }
  checkNumbers('', { timeoutMs }, 1, MS_MAX);
  checkNumbers('', { valid: options.valid }, 0, MS_MAX);
  checkNumbers('', { ndots: options.ndots }, 0, Number.MAX_SAFE_INTEGER);
  checkNumbers('', { cacheEntries, maxInFlight: options.maxInFlight }, 1, 10_000_000);
  checkNumbers('', { ednsSize: options.ednsSize }, 512, 4_096);
  const { perServer, ...attemptMs } = attempt;
  checkNumbers('attempt.', { perServer }, 1, 10);
  checkNumbers('attempt.', attemptMs, 1, MS_MAX);
  checkNumbers('ttl.', ttl, 0, MS_MAX);
  checkNumbers('stale.', stale === false ? {} : stale, 0, MS_MAX);
  checkNumbers('sockets.', sockets, 1, 1_024);
  return {
    servers: servers === undefined ? undefined : parseServers(servers),
    system: systemOf(options),
    families: FAMILIES.filter((family) => families.includes(family)),
    search,
    ndots: options.ndots === undefined ? undefined : Math.min(options.ndots, NDOTS_MAX),
    timeoutMs,
    cacheEntries,
    guard: answerGuard(options.denyAnswers, options.allowAnswers),
  };
}

function systemOf({ system, servers }: ResolverOptions): Settings['system'] {
  if (typeof system === 'object') return system;
  return (system ?? servers === undefined) ? {} : { resolvConf: false, hosts: false };
}

function checkNumbers(
  group: string,
  values: Readonly<Record<string, number | undefined>>,
  min: number,
  max: number,
): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || (value >= min && value <= max)) continue;
    throw new TypeError(`${group}${name}: ${min} to ${max}`);
  }
}
