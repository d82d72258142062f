import type {
  Exchange,
  Exchanger,
  Failure,
  Question,
} from '../../../src/dns/transport/exchange.ts';
import type { Settled } from '../../../src/dns/wire/reply.ts';

/** One question that was asked; the test answers it. */
export type Asked = Question & {
  readonly deadlineMs: number;
  readonly onEnd: (end: Settled | Failure) => void;
  cancelled: boolean;
  ended: boolean;
};

/** Servers whose every answer is the test's. */
export class FakeExchanger implements Exchanger {
  readonly asked: Asked[] = [];
  /** What has come of every question, as long as there is no answer. */
  soFar: Failure = { kind: 'failure', code: 'ETIMEOUT', server: undefined, attempts: [] };

  ask(question: Question, deadlineMs: number, onEnd: (end: Settled | Failure) => void): Exchange {
    const asked: Asked = { ...question, deadlineMs, onEnd, cancelled: false, ended: false };
    this.asked.push(asked);
    return {
      cancel: () => {
        asked.cancelled = true;
      },
      soFar: () => this.soFar,
    };
  }

  get open(): Asked[] {
    return this.asked.filter(({ cancelled, ended }) => !cancelled && !ended);
  }
}
