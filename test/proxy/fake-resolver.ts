import type {
  NameAddresses,
  NameEvent,
  NameResolver,
  NameTarget,
  NameWatchOptions,
} from '../../src/proxy/index.ts';

type Next = (result: IteratorResult<NameEvent, undefined>) => void;

/** A resolver whose events a test makes. Look-ups have the answer that was set last. */
export class FakeResolver implements NameResolver {
  /** Names that were looked up, with `service ` where they are a service's. */
  readonly asked: string[] = [];
  readonly watched: { readonly name: string; readonly options: NameWatchOptions }[] = [];
  /** Watches that have not ended. */
  watches = 0;
  /** What a look-up says now: an error is its rejection, and `undefined` is no answer at all. */
  answer: readonly string[] | readonly NameTarget[] | Error | undefined;
  #events: NameEvent[] = [];
  #waiting: Next[] = [];
  #failure: Error | undefined;

  async addresses(name: string): Promise<NameAddresses> {
    this.asked.push(name);
    return addressesOf((await this.#answered()) as readonly string[]);
  }

  async service(name: string): Promise<readonly NameTarget[]> {
    this.asked.push(`service ${name}`);
    return (await this.#answered()) as readonly NameTarget[];
  }

  watch(name: string, options: NameWatchOptions = {}): AsyncIterable<NameEvent> {
    this.watched.push({ name, options });
    this.watches += 1;
    const { signal } = options;
    const end = (): void => {
      this.watches -= 1;
      for (const next of this.#waiting.splice(0)) next({ done: true, value: undefined });
    };
    signal?.addEventListener('abort', end, { once: true });
    const next = async (): Promise<IteratorResult<NameEvent, undefined>> => {
      if (this.#failure !== undefined) throw this.#failure;
      if (signal?.aborted) return { done: true, value: undefined };
      const event = this.#events.shift();
      if (event !== undefined) return { done: false, value: event };
      return new Promise((resolve) => this.#waiting.push(resolve));
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  /** The watched name has these addresses now. */
  found(...addresses: readonly string[]): void {
    this.#emit({ type: 'set', set: addressesOf(addresses) });
  }

  /** The watched service has these targets now. */
  serves(...targets: readonly NameTarget[]): void {
    const addresses = targets.flatMap((target) => target.addresses);
    this.#emit({ type: 'set', set: { addresses, expiresAt: 0 }, targets });
  }

  failed(why: string): void {
    this.#emit({ type: 'error', error: new Error(why) });
  }

  /** Watching ends with an exception, as that of a resolver that was closed would not. */
  breaks(): void {
    this.#failure = new RangeError('over 4096 watchers');
    for (const next of this.#waiting.splice(0)) next({ done: true, value: undefined });
  }

  #emit(event: NameEvent): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#events.push(event);
    else next({ done: false, value: event });
  }

  async #answered(): Promise<readonly string[] | readonly NameTarget[]> {
    const { answer } = this;
    if (answer === undefined) return new Promise(() => {});
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

function addressesOf(addresses: readonly string[]): NameAddresses {
  return { addresses: addresses.map((address) => ({ address })), expiresAt: 0 };
}

/** One record of a service. */
export function target(
  name: string,
  address: string,
  options: { readonly port?: number; readonly priority?: number; readonly weight?: number } = {},
): NameTarget {
  const { port = 80, priority = 0, weight = 1 } = options;
  return { target: name, port, priority, weight, addresses: [{ address }] };
}
