import type { Exchange, Exchanger, Failure, Question } from '../transport/exchange.ts';
import type { NameKey } from '../wire/name.ts';
import type { Alias, Answer, Negative, Settled } from '../wire/reply.ts';
import { failureOf, type Outcome } from './outcome.ts';
import { LINKS_MAX } from './record-settings.ts';

/** What a chase does with what it learns on the way. */
export interface ChaseHost {
  readonly exchanger: Exchanger;
  /** What is known of the target of an alias, so that it need not be asked for. */
  known(name: NameKey, type: number): Outcome | undefined;
  /** The answer to a question about the target of an alias; whoever asks for it next may have it. */
  learned(name: NameKey, type: number, answer: Answer | Negative): void;
}

/**
 * One question, and those that its aliases lead to where an answer ends before its chain does.
 * At most eight aliases in all, and no name is asked for twice.
 */
export class Chase {
  readonly #host: ChaseHost;
  readonly #type: number;
  readonly #deadlineMs: number;
  readonly #onEnd: (outcome: Outcome) => void;
  /** All that were asked for, the first one first: 9 at most. */
  readonly #names: NameKey[] = [];
  /** `false`: the target of an alias is asked for, whatever is known. */
  readonly #usesKnown: boolean;
  #exchange: Exchange | undefined;
  #links = 0;
  #ttl: number = Number.POSITIVE_INFINITY;
  #authenticated = true;

  /** Begins at once; `onEnd` runs once, never inside the constructor. */
  constructor(
    host: ChaseHost,
    question: Question,
    deadlineMs: number,
    usesKnown: boolean,
    onEnd: (outcome: Outcome) => void,
  ) {
    this.#host = host;
    this.#type = question.type;
    this.#deadlineMs = deadlineMs;
    this.#usesKnown = usesKnown;
    this.#onEnd = onEnd;
    this.#ask(question);
  }

  /** `onEnd` does not run any more. */
  cancel(): void {
    this.#exchange?.cancel();
    this.#exchange = undefined;
  }

  #ask(question: Question): void {
    this.#names.push(question.name);
    this.#exchange = this.#host.exchanger.ask(question, this.#deadlineMs, this.#answered);
  }

  readonly #answered = (end: Settled | Failure): void => {
    this.#exchange = undefined;
    if (end.kind === 'alias') {
      this.#follow(end);
      return;
    }
    if (end.kind !== 'failure' && this.#names.length > 1) {
      this.#host.learned(this.#names.at(-1) as NameKey, this.#type, end);
    }
    this.#end(end);
  };

  #follow(alias: Alias): void {
    const { canonical } = alias;
    this.#links += alias.links;
    this.#ttl = Math.min(this.#ttl, alias.ttl);
    this.#authenticated &&= alias.authenticated;
    if (this.#links > LINKS_MAX || this.#names.includes(canonical)) {
      this.#onEnd(failureOf('ESERVFAIL'));
      return;
    }
    const known = this.#usesKnown ? this.#host.known(canonical, this.#type) : undefined;
    if (known === undefined) this.#ask({ name: canonical, type: this.#type });
    else this.#end(known);
  }

  /** The end of the chain, with what its links say. */
  #end(last: Outcome): void {
    if (last.kind === 'failure' || this.#links === 0) {
      this.#onEnd(last);
      return;
    }
    const links = this.#links + last.links;
    if (links > LINKS_MAX) {
      this.#onEnd(failureOf('ESERVFAIL'));
      return;
    }
    const authenticated = this.#authenticated && last.authenticated;
    if (last.kind === 'answer') {
      this.#onEnd({ ...last, ttl: Math.min(this.#ttl, last.ttl), links, authenticated });
      return;
    }
    const ttl = last.ttl === undefined ? undefined : Math.min(this.#ttl, last.ttl);
    this.#onEnd({ ...last, ttl, links, authenticated });
  }
}
