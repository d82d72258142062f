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
 * The questions that a first one has led to, as its answer ended before its chain of aliases did. At
 * most eight aliases in all, and no name is asked for twice.
 */
export class Chase {
  readonly #host: ChaseHost;
  readonly #type: number;
  readonly #deadlineMs: number;
  readonly #onEnd: (outcome: Outcome) => void;
  /** All that were asked for, the first question's own first: 9 at most. */
  readonly #names: NameKey[] = [];
  /** `false`: the target of an alias is asked for, whatever is known. */
  readonly #usesKnown: boolean;
  #exchange: Exchange | undefined;
  #links = 0;
  #ttl: number = Number.POSITIVE_INFINITY;
  #authenticated = true;

  /** Nothing happens until `follow`. `onEnd` runs once. */
  constructor(
    host: ChaseHost,
    { name, type }: Question,
    deadlineMs: number,
    usesKnown: boolean,
    onEnd: (outcome: Outcome) => void,
  ) {
    this.#host = host;
    this.#type = type;
    this.#deadlineMs = deadlineMs;
    this.#usesKnown = usesKnown;
    this.#onEnd = onEnd;
    this.#names.push(name);
  }

  /** `onEnd` does not run any more. */
  cancel(): void {
    this.#exchange?.cancel();
    this.#exchange = undefined;
  }

  /** What has come of the question that is under way. */
  soFar(): Failure | undefined {
    return this.#exchange?.soFar();
  }

  #ask(question: Question): void {
    this.#names.push(question.name);
    this.#exchange = this.#host.exchanger.ask(question, this.#deadlineMs, this.#answered);
  }

  readonly #answered = (end: Settled | Failure): void => {
    this.#exchange = undefined;
    if (end.kind === 'alias') {
      this.follow(end);
      return;
    }
    if (end.kind !== 'failure') {
      this.#host.learned(this.#names.at(-1) as NameKey, this.#type, end);
    }
    this.#end(end);
  };

  /** Goes where the answer to the last question leads; `onEnd` may run inside. */
  follow(alias: Alias): void {
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
