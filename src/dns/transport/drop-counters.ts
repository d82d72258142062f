import type { DropReason } from '../wire/reply.ts';

/**
 * Why something that came from a server's address was no answer: `id` no query on that socket had
 * the number; `late` the query is over; `unasked` over TCP, nobody waits.
 */
export type StrayReason = DropReason | 'id' | 'late' | 'unasked';

/** What was dropped, by reason: exact, and never reset. */
export type DropCounters = Record<StrayReason, number>;

export function dropCounters(): DropCounters {
  return {
    short: 0,
    header: 0,
    id: 0,
    late: 0,
    question: 0,
    case: 0,
    parse: 0,
    owner: 0,
    unasked: 0,
  };
}
