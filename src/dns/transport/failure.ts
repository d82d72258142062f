import type { AttemptRecord } from '../dns-error.ts';
import type { Attempt } from './attempt.ts';
import type { Failure } from './exchange.ts';

/** What a question came to when no answer could be used, the most telling last. */
const CODES = ['ENOSERVER', 'ETIMEOUT', 'EREFUSED', 'ESERVFAIL'] as const;
export type Telling = (typeof CODES)[number];

/** What an attempt without a response code says; `undefined`: silence. */
export function codeOf(outcome: string | undefined): Telling {
  if (outcome === undefined || outcome.startsWith('timeout')) return 'ETIMEOUT';
  return outcome.startsWith('invalid') ? 'ESERVFAIL' : 'ENOSERVER';
}

/** What was learnt from attempts that are over: cold, made when the first one fails. */
export class FailureNotes {
  readonly #records: AttemptRecord[] = [];
  #code: Telling | undefined;
  #server: string | undefined;

  /** The first of the most telling ones decides. */
  add(record: AttemptRecord, code: Telling): void {
    this.#records.push(record);
    if (this.#code !== undefined && CODES.indexOf(code) <= CODES.indexOf(this.#code)) return;
    this.#code = code;
    this.#server = record.server;
  }

  copy(): FailureNotes {
    const copy = new FailureNotes();
    copy.#records.push(...this.#records);
    copy.#code = this.#code;
    copy.#server = this.#server;
    return copy;
  }

  /** `otherwise`: nobody was asked. */
  failure(otherwise: Telling): Failure {
    const code = this.#code ?? otherwise;
    return { kind: 'failure', code, server: this.#server, attempts: this.#records };
  }
}

/** What attempts that are over, and those that are open, come to at `nowMs`. */
export function failureSoFar(
  notes: FailureNotes | undefined,
  open: Attempt | undefined,
  nowMs: number,
): Failure {
  const all = notes?.copy() ?? new FailureNotes();
  for (let one = open; one !== undefined; one = one.nextOpen) {
    all.add(one.record(one.outcome ?? 'timeout', nowMs), codeOf(one.outcome));
  }
  return all.failure('ETIMEOUT');
}
