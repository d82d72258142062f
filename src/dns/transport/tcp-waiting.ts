import type { Outbox } from '../../core/outbox/outbox.ts';
import type { Random } from '../../core/random.ts';
import type { TcpAsker } from './tcp-asker.ts';

/** The longest query that is taken: a name of 255 bytes leaves much room for options. */
export const TCP_QUERY_BYTES_MAX: number = 1232;
/** Bytes of queries that the kernel has not taken: the others wait where they are. */
export const TCP_QUEUED_BYTES_MAX: number = 16 * 1024;
const LENGTH_BYTES = 2;
const DRAWS_MAX = 8;
/** Where frames are put together; copied at once. */
const SCRATCH = new Uint8Array(LENGTH_BYTES + TCP_QUERY_BYTES_MAX);

/** The queries of one connection that have no answer yet, by their number. */
export class TcpWaiting {
  readonly #random: Random;
  readonly #asked = new Map<number, TcpAsker>();
  /** Those of them whose query is not in the outbox yet. */
  readonly #unsent = new Set<TcpAsker>();

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#asked.size;
  }

  get(id: number): TcpAsker | undefined {
    return this.#asked.get(id);
  }

  /** In the order in which they were asked; may change meanwhile. */
  values(): IterableIterator<TcpAsker> {
    return this.#asked.values();
  }

  /** When the first of them has its deadline; `Infinity`: there is none. */
  get nextDeadlineMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.#asked.values()) nextMs = Math.min(nextMs, deadlineMs);
    return nextMs;
  }

  /** Gives it a number that no other one has. */
  add(asker: TcpAsker): void {
    asker.tcp.id = this.#freeId();
    this.#asked.set(asker.tcp.id, asker);
    this.#unsent.add(asker);
  }

  remove(asker: TcpAsker): void {
    this.#unsent.delete(asker);
    if (this.#asked.get(asker.tcp.id) === asker) this.#asked.delete(asker.tcp.id);
  }

  /** Queues those that are not sent yet, in order, as far as the bound allows. */
  send(outbox: Outbox): void {
    for (const asker of this.#unsent) {
      const { query, tcp } = asker;
      const bytes = LENGTH_BYTES + query.length;
      if (outbox.queuedBytes + bytes > TCP_QUEUED_BYTES_MAX) return;
      // The length and the message in one piece (RFC 7766 §8).
      SCRATCH[0] = query.length >>> 8;
      SCRATCH[1] = query.length & 0xff;
      SCRATCH.set(query, LENGTH_BYTES);
      SCRATCH[2] = tcp.id >>> 8;
      SCRATCH[3] = tcp.id & 0xff;
      if (!outbox.appendCopy(SCRATCH, 0, bytes)) return;
      this.#unsent.delete(asker);
    }
  }

  /** Drawn anew while it is taken, which one in 65 is at most; then the next one up. */
  #freeId(): number {
    let id = this.#random.nextUint32() >>> 16;
    for (let draws = 1; draws < DRAWS_MAX && this.#asked.has(id); draws += 1) {
      id = this.#random.nextUint32() >>> 16;
    }
    while (this.#asked.has(id)) id = (id + 1) & 0xffff;
    return id;
  }
}
