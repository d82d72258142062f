/** How long what was found is kept, and how it is looked for. All times are milliseconds. */
export type RecordSettings = {
  /** The longest that a question asked for several callers lasts; a caller's own end may be sooner. */
  readonly timeoutMs: number;
  /** Takes the place of the TTL of records that were found. */
  readonly validMs: number | undefined;
  readonly ttlMinMs: number;
  readonly ttlMaxMs: number;
  readonly negativeMaxMs: number;
  /** How long the first failure of a name is kept; each one that follows doubles it. */
  readonly failureMs: number;
  /** How long after their end records may still be served; 0: never. */
  readonly staleMaxAgeMs: number;
  /** How long an answer is waited for before what is stale is served. */
  readonly staleAfterMs: number;
  readonly prefetch: boolean;
  /** How many (name, type) are kept, negative and stale ones included. */
  readonly cacheEntries: number;
};

/** The part of a resolver's options that concerns records. */
export type RecordOptions = {
  readonly timeoutMs?: number | undefined;
  readonly valid?: number | undefined;
  readonly ttl?:
    | {
        readonly minMs?: number | undefined;
        readonly maxMs?: number | undefined;
        readonly negativeMaxMs?: number | undefined;
        readonly failureMs?: number | undefined;
      }
    | undefined;
  readonly stale?:
    | false
    | { readonly maxAgeMs?: number | undefined; readonly afterMs?: number | undefined }
    | undefined;
  readonly prefetch?: boolean | undefined;
  readonly cacheEntries?: number | undefined;
};

const DAY_MS = 86_400_000;

/** A failure is kept no longer than this, however often it repeats (RFC 9520 §3.2 allows 300 s). */
export const FAILURE_MS_MAX: number = 5_000;

/** The TTL of records that are served stale (RFC 8767 §4). */
export const STALE_TTL_MS: number = 30_000;

/** After a failure, stale records are served without a question for so long (RFC 8767 §5). */
export const RECHECK_MS: number = 30_000;

/** Stale records are served once this share of a call's own time has passed. */
export const STALE_SHARE: number = 0.75;

/** A hit in the last tenth of the TTL asks anew. */
export const PREFETCH_SHARE: number = 0.9;

/** Aliases in a row, whatever number of messages they came in. */
export const LINKS_MAX: number = 8;

/** Callers who wait for the network at once; one more is told `ENOSERVER`. */
export const WAITERS_MAX: number = 131_072;

/** Questions under way or waiting for their turn at once; what needs one more is `ENOSERVER`. */
export const FLIGHTS_MAX: number = 65_536;

export function recordSettings(options: RecordOptions = {}): RecordSettings {
  const { ttl = {}, stale = {} } = options;
  const { maxAgeMs = DAY_MS, afterMs = 1_800 } = stale === false ? { maxAgeMs: 0 } : stale;
  return {
    timeoutMs: options.timeoutMs ?? 30_000,
    validMs: options.valid,
    ttlMinMs: ttl.minMs ?? 0,
    ttlMaxMs: ttl.maxMs ?? DAY_MS,
    negativeMaxMs: ttl.negativeMaxMs ?? 900_000,
    failureMs: ttl.failureMs ?? 1_000,
    staleMaxAgeMs: maxAgeMs,
    staleAfterMs: afterMs,
    prefetch: options.prefetch ?? true,
    cacheEntries: options.cacheEntries ?? 10_000,
  };
}
