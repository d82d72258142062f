import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { UpstreamTimeouts } from './proxy-config.ts';

/** Servers that one group may have had in its life, as names change their addresses. */
const SERVERS_MAX = 1024;
/** How long a server that refused a connection is left out while others live (nginx's default). */
const FAIL_TIMEOUT_MS = 10_000;

/** The servers of one group, in turn. A server keeps its index for the group's whole life. */
export class UpstreamGroup {
  readonly #triesMax: number;
  readonly timeouts: UpstreamTimeouts;
  readonly #clock: Clock;
  readonly #endpoints: Endpoint[] = [];
  readonly #failedUntilMs: number[] = [];
  /** Indexes of the servers that requests go to now. */
  #active: number[] = [];
  #turn = 0;

  constructor(clock: Clock, triesMax: number, timeouts: UpstreamTimeouts) {
    this.#clock = clock;
    this.#triesMax = triesMax;
    this.timeouts = timeouts;
  }

  /** Servers that one request may try: none of them twice, unless its connection was a stale one. */
  get triesMax(): number {
    return Math.min(this.#triesMax, Math.max(1, this.#active.length));
  }

  /** Sets the servers that requests go to from now on. */
  setServers(endpoints: readonly Endpoint[]): void {
    this.#active = endpoints.map((endpoint) => this.#indexOf(endpoint));
  }

  endpoint(server: number): Endpoint {
    return this.#endpoints[server] as Endpoint;
  }

  /**
   * The next server that was not `tried`, leaving out those that failed lately as long as there
   * are others; -1 when none is known.
   */
  next(tried: readonly number[]): number {
    const { length } = this.#active;
    if (length === 0) return -1;
    let second = -1;
    for (let left = length; left > 0; left -= 1) {
      const server = this.#step();
      if (tried.length > 0 && tried.includes(server)) continue;
      if (!this.#hasFailed(server)) return server;
      if (second < 0) second = server;
    }
    return second < 0 ? this.#step() : second;
  }

  /** A connection could not be opened. */
  failed(server: number): void {
    this.#failedUntilMs[server] = this.#clock.nowMs() + FAIL_TIMEOUT_MS;
  }

  #step(): number {
    this.#turn = this.#turn + 1 >= this.#active.length ? 0 : this.#turn + 1;
    return this.#active[this.#turn] as number;
  }

  #hasFailed(server: number): boolean {
    const untilMs = this.#failedUntilMs[server] as number;
    if (untilMs === 0) return false;
    if (untilMs > this.#clock.nowMs()) return true;
    this.#failedUntilMs[server] = 0;
    return false;
  }

  #indexOf(endpoint: Endpoint): number {
    const known = this.#endpoints.findIndex(
      ({ address, port }) => address === endpoint.address && port === endpoint.port,
    );
    if (known >= 0) return known;
    if (this.#endpoints.length === SERVERS_MAX) {
      throw new RangeError(`over ${SERVERS_MAX} servers in the life of one group`);
    }
    this.#failedUntilMs.push(0);
    return this.#endpoints.push(endpoint) - 1;
  }
}
