import { timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { NameSource } from './name-source.ts';
import type { ServersWaiter } from './session-shared.ts';
import type { ResolvedAddress } from './upstream/index.ts';

const TTL_MS_MIN = 1_000;
const TTL_MS_MAX = 3_600_000;
/** How long a failed look-up is not repeated for the sake of freshness. */
const RETRY_MS = 1_000;
/** Longest that a look-up is waited for; what it says later is not heard. */
const LOOKUP_MS = 30_000;
/** Sessions that wait for the first answer; more are answered at once. */
const WAITING_MAX = 1024;

/**
 * Follows a name: a server of a group is what it stands for. Where its source can be watched, it is,
 * and looked up besides only while nothing is known; otherwise it is looked up when requests need it.
 */
export class ServerNames {
  readonly #name: string;
  readonly #source: NameSource;
  /** An empty list has been held for as long as the group says. */
  readonly #set: (addresses: readonly ResolvedAddress[]) => void;
  readonly #port: ProactorPort;
  /** One timer for all look-ups: it looks again where it fired too early for the current one. */
  readonly #deadline = timerOperation(() => this.#onDeadline());
  readonly #stopped = new AbortController();
  #giveUpMs = 0;
  /** Counts look-ups, so that one that was given up is not heard. */
  #asked = 0;
  #waiting: ServersWaiter[] = [];
  #asking = false;
  #watching = false;
  #validUntilMs = 0;
  /** There has been an answer with addresses, and they are still believed. */
  known = false;

  constructor(
    name: string,
    source: NameSource,
    set: (addresses: readonly ResolvedAddress[]) => void,
    port: ProactorPort,
  ) {
    this.#name = name;
    this.#source = source;
    this.#set = set;
    this.#port = port;
  }

  /** Begins to watch, where that can be done. */
  start(): void {
    const { follow } = this.#source;
    if (follow === undefined || this.#stopped.signal.aborted) return;
    this.#watching = true;
    // Nothing is thrown in there: what a source throws only ends the watching.
    void this.#watch(follow);
  }

  /** Calls `waiter.serversKnown` when there is an answer. */
  whenKnown(waiter: ServersWaiter): void {
    if (this.#waiting.length === WAITING_MAX) {
      waiter.serversKnown(new Error(`over ${WAITING_MAX} requests wait for a name`));
      return;
    }
    this.#waiting.push(waiter);
    this.#ask();
  }

  /** No timer and no watch is left behind. */
  stop(): void {
    this.#port.cancel(this.#deadline);
    this.#stopped.abort();
  }

  /** Asks again where the last answer has become too old; requests go on with it meanwhile. */
  keepFresh(): void {
    if (this.#watching) return;
    const nowMs = this.#port.loop.turnMs;
    if (nowMs >= this.#validUntilMs && this.#validUntilMs > 0) this.#ask();
  }

  async #watch(follow: NonNullable<NameSource['follow']>): Promise<void> {
    const { signal } = this.#stopped;
    try {
      for await (const event of follow(signal)) {
        if (signal.aborted) return;
        // Peers stay whatever the error: it says nothing about them.
        if (!(event instanceof Error)) this.#changed(event);
      }
    } catch {
      // The name is none, or the resolver was closed: a look-up says so to whoever asks.
    } finally {
      this.#watching = false;
      this.#validUntilMs = Math.max(this.#validUntilMs, this.#port.loop.nowMs());
    }
  }

  #changed(addresses: readonly ResolvedAddress[]): void {
    try {
      this.#set(addresses);
    } catch (error) {
      this.#tell(error); // Too many of them: the group is as it was.
      return;
    }
    this.known = addresses.length > 0;
    if (!this.known) return;
    this.#asking = false; // What is being asked for is known by now.
    this.#tell(undefined);
  }

  #ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#asked += 1;
    const asked = this.#asked;
    this.#giveUpMs = this.#port.loop.nowMs() + LOOKUP_MS;
    this.#watchDeadline();
    // Within a promise, so that a look-up that throws at once fails like any other.
    const answer = Promise.resolve(this.#source).then((source) => source.look());
    answer.then(
      ({ addresses, ttlMs }) => {
        if (asked === this.#asked && this.#asking) this.#answered(addresses, ttlMs);
      },
      (error: unknown) => {
        if (asked === this.#asked && this.#asking) this.#failed(error);
      },
    );
  }

  #watchDeadline(): void {
    if (this.#deadline.status === 'pending') return;
    this.#deadline.atMs = this.#giveUpMs;
    this.#port.submit(this.#deadline);
  }

  #onDeadline(): void {
    if (!this.#asking || this.#deadline.status !== 'done') return;
    if (this.#port.loop.nowMs() < this.#giveUpMs) this.#watchDeadline();
    else this.#failed(new Error(`no answer within ${LOOKUP_MS} ms`));
  }

  #answered(addresses: readonly ResolvedAddress[], ttlMs: number): void {
    try {
      if (addresses.length === 0) throw new Error(`'${this.#name}' has no address`);
      this.#set(addresses);
      this.known = true;
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#wait(Math.min(Math.max(ttlMs, TTL_MS_MIN), TTL_MS_MAX));
    this.#tell(undefined);
  }

  /** Known servers stay: an answer that is missing says nothing about them. */
  #failed(error: unknown): void {
    this.#wait(RETRY_MS);
    this.#tell(error);
  }

  #wait(ms: number): void {
    this.#asking = false;
    this.#validUntilMs = this.#port.loop.nowMs() + ms;
  }

  #tell(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.serversKnown(error);
  }
}
