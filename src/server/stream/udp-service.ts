import type { Endpoint } from '../../core/endpoint.ts';
import type { SocketId, UdpRecvOperation } from '../../core/operation.ts';
import { timerOperation, udpRecvOperation } from '../../core/operations.ts';
import { DatagramSender, SHARED_SENDS_MAX } from './datagram-sender.ts';
import type { StreamListener } from './stream-listener.ts';
import { UdpSession } from './udp-session.ts';

/** Clients of one address that have a session; datagrams of more are dropped. */
export const UDP_CLIENTS_MAX: number = 16_384;
/** Wait before receiving goes on after a failure. */
const PAUSE_MS = 500;

/** Gives the datagrams of one bound socket to the sessions of their senders. */
export class UdpService {
  readonly listener: StreamListener;
  readonly sender: DatagramSender;
  readonly #clientsMax: number;
  readonly #recv: UdpRecvOperation;
  readonly #sessions = new Map<string, UdpSession>();
  readonly #retry = timerOperation(() => this.#receive());
  #stopped = false;

  constructor(listener: StreamListener, socket: SocketId, clientsMax: number = UDP_CLIENTS_MAX) {
    const { port } = listener.site;
    this.listener = listener;
    this.#clientsMax = clientsMax;
    this.sender = new DatagramSender(port, socket, SHARED_SENDS_MAX);
    this.#recv = udpRecvOperation(socket, () => this.#received());
    this.#receive();
  }

  /** Receives no more; sessions go on to answer. */
  stop(): void {
    const { port } = this.listener.site;
    this.#stopped = true;
    port.cancel(this.#recv);
    port.cancel(this.#retry);
    this.#sessions.clear();
  }

  /** Another datagram of this client begins another session. */
  forget(session: UdpSession): void {
    if (this.#sessions.get(session.key) === session) this.#sessions.delete(session.key);
  }

  #receive(): void {
    if (!this.#stopped && this.#recv.status !== 'pending') {
      this.listener.site.port.submit(this.#recv);
    }
  }

  #received(): void {
    const { status, from, data, offset, bytes } = this.#recv;
    if (status === 'done' && from !== undefined) {
      this.#deliver(from, data.subarray(offset, offset + bytes));
    }
    if (this.#stopped || status === 'cancelled') return;
    if (status !== 'failed') this.#receive();
    else if (this.#recv.fault?.code !== 'closed') this.#pause();
  }

  #pause(): void {
    const { port } = this.listener.site;
    this.#retry.atMs = port.loop.nowMs() + PAUSE_MS;
    port.submit(this.#retry);
  }

  #deliver(from: Endpoint, datagram: Uint8Array): void {
    const key = `${from.address} ${from.port}`;
    const known = this.#sessions.get(key);
    if (known !== undefined) {
      known.datagram(datagram);
      return;
    }
    if (this.#sessions.size === this.#clientsMax) return;
    const session = new UdpSession(this, from, key);
    this.#sessions.set(key, session);
    session.begin(datagram);
  }
}
