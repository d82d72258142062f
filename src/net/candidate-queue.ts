import type { Endpoint } from '../core/endpoint.ts';
import { RingQueue } from '../core/ring-queue.ts';
import { formatEndpoint } from './address.ts';

/** Addresses of one race that are looked at, at most; what comes beyond is passed over. */
export const RACE_CANDIDATES_MAX: number = 256;

/**
 * Where to connect to, in the order in which it is tried: families take turns, and the family of
 * the first address has the first turn (RFC 8305 §4, with a First Address Family Count of 1). What
 * comes later than others takes its family's next turn. Each address has one turn.
 */
export class CandidateQueue {
  readonly #ipv6 = new RingQueue<Endpoint>();
  readonly #others = new RingQueue<Endpoint>();
  readonly #seen = new Set<string>();
  #nextIsIpv6: boolean | undefined;

  get size(): number {
    return this.#ipv6.size + this.#others.size;
  }

  get full(): boolean {
    return this.#seen.size >= RACE_CANDIDATES_MAX;
  }

  add(endpoint: Endpoint): void {
    const text = formatEndpoint(endpoint);
    if (this.full || this.#seen.has(text)) return;
    this.#seen.add(text);
    const isIpv6 = endpoint.family === 'ipv6';
    this.#nextIsIpv6 ??= isIpv6;
    (isIpv6 ? this.#ipv6 : this.#others).push(endpoint);
  }

  take(): Endpoint | undefined {
    const [turn, other] = this.#nextIsIpv6
      ? [this.#ipv6, this.#others]
      : [this.#others, this.#ipv6];
    const endpoint = turn.shift() ?? other.shift();
    if (endpoint !== undefined) this.#nextIsIpv6 = endpoint.family !== 'ipv6';
    return endpoint;
  }
}
