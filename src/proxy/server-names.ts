import type { Clock } from '../core/clock.ts';
import type { NamedServer } from './proxy-config.ts';
import type { Session } from './session.ts';
import type { UpstreamGroup } from './upstream-group.ts';

/** Looks up a name: its IPv4 addresses and how long they hold. Rejects when there are none. */
export type Lookup = (name: string) => Promise<{
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}>;

const TTL_MS_MIN = 1_000;
const TTL_MS_MAX = 3_600_000;
/** How long a failed look-up is not repeated for the sake of freshness. */
const RETRY_MS = 1_000;
/** Sessions that wait for the first answer; more are answered at once. */
const WAITING_MAX = 1024;

/** Follows a name: the servers of a group are its addresses, looked up when they are needed. */
export class ServerNames {
  readonly #server: NamedServer;
  readonly #lookup: Lookup | undefined;
  readonly #group: UpstreamGroup;
  readonly #clock: Clock;
  #waiting: Session[] = [];
  #asking = false;
  #validUntilMs = 0;

  constructor(server: NamedServer, lookup: Lookup | undefined, group: UpstreamGroup, clock: Clock) {
    if (lookup === undefined) throw new TypeError(`'${server.name}' is a name: give a lookup`);
    this.#server = server;
    this.#lookup = lookup;
    this.#group = group;
    this.#clock = clock;
  }

  /** Calls `session.serversKnown` when there is an answer. */
  whenKnown(session: Session): void {
    if (this.#waiting.length === WAITING_MAX) {
      session.serversKnown(new Error(`over ${WAITING_MAX} requests wait for a name`));
      return;
    }
    this.#waiting.push(session);
    this.#ask();
  }

  /** Asks again where the last answer has become too old; requests go on with it meanwhile. */
  keepFresh(nowMs: number): void {
    if (nowMs >= this.#validUntilMs && this.#validUntilMs > 0) this.#ask();
  }

  #ask(): void {
    if (this.#asking || this.#lookup === undefined) return;
    this.#asking = true;
    this.#lookup(this.#server.name).then(
      ({ addresses, ttlMs }) => this.#answered(addresses, ttlMs),
      (error: unknown) => this.#failed(error),
    );
  }

  #answered(addresses: readonly string[], ttlMs: number): void {
    const { port } = this.#server;
    try {
      if (addresses.length === 0) throw new Error(`'${this.#server.name}' has no address`);
      this.#group.setServers(addresses.map((address) => ({ family: 'ipv4', address, port })));
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
    this.#validUntilMs = this.#clock.nowMs() + ms;
  }

  #tell(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const session of waiting) session.serversKnown(error);
  }
}
