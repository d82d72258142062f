import type { AttemptRecord } from '../dns-error.ts';
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

  /** `otherwise`: nobody was asked. */
  failure(otherwise: Telling): Failure {
    const code = this.#code ?? otherwise;
    return { kind: 'failure', code, server: this.#server, attempts: this.#records };
  }
}
