import type { Endpoint } from '../../src/core/endpoint.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import type { Owner } from './network.ts';
import type { Segment } from './segment.ts';
import type { Acceptor, TcpBlock, TcpEnds, TcpHost } from './tcp-block.ts';
import { abort, openPassive } from './tcp-calls.ts';

/**
 * LISTEN: answers SYNs and keeps what was opened until it is accepted. At most `backlog`
 * connections are half open or wait; a SYN beyond is dropped and counted, and its sender repeats
 * it (as on Linux).
 */
export class TcpListener implements Acceptor {
  readonly kind = 'listener';
  readonly endpoint: Endpoint;
  readonly reusePort: boolean;
  owner: Owner | undefined = undefined;
  /** SYNs that were dropped because the backlog was full. */
  overflowed = 0;
  readonly #host: TcpHost;
  readonly #backlog: number;
  readonly #halfOpen = new Set<TcpBlock>();
  readonly #ready = new RingQueue<TcpBlock>();
  #closed = false;

  constructor(host: TcpHost, endpoint: Endpoint, backlog: number, reusePort: boolean) {
    this.#host = host;
    this.endpoint = endpoint;
    this.#backlog = Math.max(1, backlog);
    this.reusePort = reusePort;
  }

  get readReady(): boolean {
    return this.#ready.size > 0;
  }

  get writeReady(): boolean {
    return false;
  }

  /** Connections that are half open or wait to be accepted. */
  get waiting(): number {
    return this.#halfOpen.size + this.#ready.size;
  }

  /** A SYN has arrived. `undefined`: dropped. */
  synArrived(syn: Segment, ends: TcpEnds, iss: number): TcpBlock | undefined {
    if (this.waiting >= this.#backlog) {
      this.overflowed += 1;
      this.owner?.dropped();
      const { trace, events } = this.#host.network;
      trace.note('backlog-full', events.nowMs, this.#host.index, this.waiting, this.overflowed);
      return undefined;
    }
    const block = openPassive(this.#host, ends, iss, syn);
    block.acceptor = this;
    this.#halfOpen.add(block);
    return block;
  }

  established(block: TcpBlock): void {
    this.#halfOpen.delete(block);
    this.#ready.push(block);
    this.owner?.changed();
  }

  abandoned(block: TcpBlock): void {
    this.#halfOpen.delete(block);
  }

  /** The oldest connection that waits; it may be broken already. */
  take(): TcpBlock | undefined {
    return this.#ready.shift();
  }

  /** Nobody will accept what waits: it is reset. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.owner = undefined;
    for (const block of [...this.#halfOpen]) {
      block.acceptor = undefined;
      abort(block);
    }
    this.#halfOpen.clear();
    for (let block = this.take(); block !== undefined; block = this.take()) abort(block);
  }
}
