/** What a zone counts: how its memory is laid out follows from that. */
export type ZoneKind = 'limit_req' | 'limit_conn_zone' | 'sticky' | 'upstream' | 'connections';

/** Memory that several processes have in common; fresh memory is zeros. */
export interface ZoneMemory {
  /** A multiple of eight bytes, mapped for as long as anything here uses it. */
  readonly buffer: ArrayBufferLike;
  /** Processes that can use it at one time. */
  readonly slots: number;
  /** Which of them this one is: below `slots`, or `slots` for who only looks after the memory. */
  readonly slot: number;
  /** Added to the time of this process's loop it is the same time in all processes. */
  readonly originMs: number;
  /** Sleeps for a moment: another process is to go on. */
  pause(): void;
}

/** The zones of a process that others share. `undefined`: this one is its own. */
export interface SharedZones {
  zone(id: string): ZoneMemory | undefined;
}

/** Words of 32 bits at the beginning of a zone. */
export const HEAD = {
  lock: 0,
  /** Bytes that entries count for. */
  bytes: 1,
  /** Entries that were ever used: behind them all is zeros. */
  fresh: 2,
  /** First of the entries that are free again. */
  free: 3,
  newest: 4,
  oldest: 5,
  size: 6,
  /** Slots that were ever used. */
  slots: 7,
  /** Four words that nobody outside may know. */
  secret: 8,
  words: 16,
} as const;
