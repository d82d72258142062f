import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Fault } from '../../src/core/fault.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import type { Datagram } from './datagram.ts';
import type { Owner } from './network.ts';
import { simFault } from './sim-faults.ts';

/** Datagrams that wait to be received, at most, however small they are. */
export const UDP_QUEUE_DATAGRAMS_MAX = 256;
/** And their bytes: Linux's `rmem_default`. A datagram beyond is dropped and counted. */
export const UDP_QUEUE_BYTES_MAX = 212_992;

/** One datagram socket of a host. */
export class UdpSocket {
  readonly kind = 'udp';
  readonly local: Endpoint;
  readonly remote: Endpoint | undefined;
  owner: Owner | undefined = undefined;
  /** Datagrams that found the queue full. */
  dropped = 0;
  readonly writeReady = true;
  readonly #queue = new RingQueue<Datagram>();
  #queuedBytes = 0;
  #notice: Fault | undefined = undefined;

  constructor(local: Endpoint, remote: Endpoint | undefined) {
    this.local = local;
    this.remote = remote;
  }

  get readReady(): boolean {
    return this.#queue.size > 0 || this.#notice !== undefined;
  }

  get first(): Datagram | undefined {
    return this.#queue.peek();
  }

  /** Does the socket hear what comes from `from`? A connected one hears its peer alone. */
  hears(from: Endpoint): boolean {
    const { remote } = this;
    if (remote === undefined) return true;
    return remote.port === from.port && remote.address === from.address;
  }

  /** `false`: the queue is full, the datagram is dropped. */
  arrived(datagram: Datagram): boolean {
    const bytes = this.#queuedBytes + datagram.data.length;
    if (this.#queue.size === UDP_QUEUE_DATAGRAMS_MAX || bytes > UDP_QUEUE_BYTES_MAX) {
      this.dropped += 1;
      this.owner?.dropped();
      return false;
    }
    this.#queuedBytes = bytes;
    this.#queue.push(datagram);
    this.owner?.changed();
    return true;
  }

  /** A connected socket learns that nobody listens at its peer; others never hear of it. */
  unreachable(): void {
    if (this.remote === undefined) return;
    this.#notice = simFault('refused');
    this.owner?.changed();
  }

  /** The notice that waits, which is thereby consumed. */
  takeNotice(): Fault | undefined {
    const notice = this.#notice;
    this.#notice = undefined;
    return notice;
  }

  take(): Datagram | undefined {
    const datagram = this.#queue.shift();
    if (datagram !== undefined) this.#queuedBytes -= datagram.data.length;
    return datagram;
  }
}
