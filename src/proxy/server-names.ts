import type { Endpoint } from '../core/endpoint.ts';
import { timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { NamedServer } from './proxy-config.ts';
import type { ServersWaiter } from './session-shared.ts';

/** Looks up a name: its IPv4 addresses and how long they hold. Rejects when there are none. */
export type Lookup = (name: string) => Promise<{
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}>;

const TTL_MS_MIN = 1_000;
const TTL_MS_MAX = 3_600_000;
/** How long a failed look-up is not repeated for the sake of freshness. */
const RETRY_MS = 1_000;
/** Longest that a look-up is waited for; what it says later is not heard. */
const LOOKUP_MS = 30_000;
/** Sessions that wait for the first answer; more are answered at once. */
const WAITING_MAX = 1024;

/** Follows a name: the servers of a group are its addresses, looked up when they are needed. */
export class ServerNames {
  readonly #server: NamedServer;
  readonly #lookup: Lookup | undefined;
  readonly #set: (addresses: readonly Endpoint[]) => void;
  readonly #port: ProactorPort;
  /** One timer for all look-ups: it looks again where it fired too early for the current one. */
  readonly #deadline = timerOperation(() => this.#onDeadline());
  #giveUpMs = 0;
  /** Counts look-ups, so that one that was given up is not heard. */
  #asked = 0;
  #waiting: ServersWaiter[] = [];
  #asking = false;
  #validUntilMs = 0;
  /** There has been an answer with addresses. */
  known = false;

  constructor(
    server: NamedServer,
    lookup: Lookup | undefined,
    set: (addresses: readonly Endpoint[]) => void,
    port: ProactorPort,
  ) {
    if (lookup === undefined) throw new TypeError(`'${server.name}' is a name: give a lookup`);
    this.#server = server;
    this.#lookup = lookup;
    this.#set = set;
    this.#port = port;
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

  /** No timer is left behind. */
  stop(): void {
    this.#port.cancel(this.#deadline);
  }

  /** Asks again where the last answer has become too old; requests go on with it meanwhile. */
  keepFresh(): void {
    const nowMs = this.#port.loop.turnMs;
    if (nowMs >= this.#validUntilMs && this.#validUntilMs > 0) this.#ask();
  }

  #ask(): void {
    const lookup = this.#lookup;
    if (this.#asking || lookup === undefined) return;
    this.#asking = true;
    this.#asked += 1;
    const asked = this.#asked;
    this.#giveUpMs = this.#port.loop.nowMs() + LOOKUP_MS;
    this.#watchDeadline();
    // Within a promise, so that a look-up that throws at once fails like any other.
    const answer = Promise.resolve(this.#server.name).then(lookup);
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

  #answered(addresses: readonly string[], ttlMs: number): void {
    const { port } = this.#server;
    try {
      if (addresses.length === 0) throw new Error(`'${this.#server.name}' has no address`);
      this.#set(
        addresses.map((address) => ({
          family: address.includes(':') ? 'ipv6' : 'ipv4',
          address,
          port,
        })),
      );
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
