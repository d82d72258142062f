/** `high` ends at or below this many bytes. */
export const LOW_BYTES: number = 32 * 1024;
/** `high` begins above this many bytes: a producer should pause. */
export const HIGH_BYTES: number = 64 * 1024;
/** A send that would exceed this is refused whole. */
export const FULL_BYTES: number = 1024 * 1024;

/** What a producer goes by; `open` after `high` only once the outbox fell to its low mark. */
export type Level = 'open' | 'high';
