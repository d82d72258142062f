import type { AttemptRecord, DnsErrorCode } from '../dns-error.ts';
import type { NameKey } from '../wire/name.ts';
import type { Settled } from '../wire/reply.ts';

/** What goes over the wire: one name, one type. */
export type Question = { readonly name: NameKey; readonly type: number };

/** No server gave an answer that could be used: the best of what came. */
export type Failure = {
  readonly kind: 'failure';
  readonly code: Extract<
    DnsErrorCode,
    'ECANCELLED' | 'ENOSERVER' | 'EREFUSED' | 'ESERVFAIL' | 'ETIMEOUT'
  >;
  readonly server: string | undefined;
  readonly attempts: readonly AttemptRecord[];
};

/** A question under way. */
export interface Exchange {
  /** Nobody wants the answer any more; `onEnd` does not run. */
  cancel(): void;

  /** What has come of it until now, for whoever can wait no longer. It goes on. */
  soFar(): Failure;
}

/** Asks servers: chooses, sends, repeats, validates. */
export interface Exchanger {
  /**
   * Asks until `deadlineMs` on the port's clock. `onEnd` runs once, never inside this call:
   * with an answer that was validated, or with the failure when attempts or time are used up.
   * `nowMs`: the time, where the caller has just looked.
   */
  ask(
    question: Question,
    deadlineMs: number,
    onEnd: (end: Settled | Failure) => void,
    nowMs?: number,
  ): Exchange;
}
