import type { Clock } from '../../core/clock.ts';
import type { Exchanger } from '../transport/exchange.ts';
import type { NameKey } from '../wire/name.ts';
import type { Answer, Negative } from '../wire/reply.ts';
import type { RecordCache } from './cache.ts';
import type { ChaseHost } from './chase.ts';
import { answerOf, type Outcome } from './outcome.ts';

/** Lets a chase use what is kept of the names that aliases lead to, and keeps what it learns. */
export class AliasTargets implements ChaseHost {
  readonly exchanger: Exchanger;
  readonly #cache: RecordCache;
  readonly #clock: Clock;

  constructor(exchanger: Exchanger, cache: RecordCache, clock: Clock) {
    this.exchanger = exchanger;
    this.#cache = cache;
    this.#clock = clock;
  }

  known(name: NameKey, type: number): Outcome | undefined {
    const nowMs = this.#clock.nowMs();
    const entry = this.#cache.fresh(name, type, nowMs);
    if (entry?.found !== undefined) return answerOf(entry.found, entry.links, nowMs);
    return this.#cache.failure(name, type, nowMs);
  }

  learned(name: NameKey, type: number, answer: Answer | Negative): void {
    this.#cache.keep(name, type, answer, this.#clock.nowMs());
  }
}
