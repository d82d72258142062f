/** How records were found; counted from the start and never reset, but for `entries`. */
export type CacheStats = {
  /** What is kept now: names and types, negative and stale ones included. */
  readonly entries: number;
  /** Answers from what is kept and still good, negative ones included. */
  readonly hits: number;
  /** Callers who had to wait for the network. */
  readonly misses: number;
  /** Answers with records that had expired. */
  readonly stale: number;
  /** Hits that were no records: no such name, nothing of the type, a failure a moment ago. */
  readonly negative: number;
};
