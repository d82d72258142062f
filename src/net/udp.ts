import type { Endpoint } from '../core/endpoint.ts';
import type { Operation, SocketId } from '../core/operation.ts';
import {
  closeOperation,
  udpOpenOperation,
  udpPeekOperation,
  udpRecvOperation,
  udpSendOperation,
} from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { formatEndpoint, parseEndpoint } from './address.ts';
import { bytesOf } from './bytes.ts';
import { IoError } from './io-error.ts';
import { ignoreClosed } from './stream.ts';
import { perform, type WaitOptions } from './wait.ts';

/** Operations that may wait at once on one socket; one more ends with `limit`. */
export const UDP_WAITING_MAX: number = 1024;
const NOTHING = () => {};

/** One datagram. `data` is the caller's own. */
export type Datagram = {
  readonly data: Uint8Array;
  readonly from: Endpoint | undefined;
  /** Bytes that the datagram had; `data` has fewer when it was `truncated`. */
  readonly size: number;
  readonly truncated: boolean;
};

export type OpenUdpOptions = WaitOptions & {
  /** Connects the socket: it hears from `remote` alone, and learns of its ICMP notices. */
  readonly remote?: Endpoint | string;
};

/** Opens a datagram socket; port 0 lets the system choose one: see `Udp.endpoint`. */
export async function openUdp(
  port: ProactorPort,
  local: Endpoint | string,
  options: OpenUdpOptions = {},
): Promise<Udp> {
  const wanted = typeof local === 'string' ? parseEndpoint(local) : local;
  const operation = udpOpenOperation(wanted, NOTHING);
  const { remote } = options;
  operation.remote = typeof remote === 'string' ? parseEndpoint(remote) : remote;
  const take = () => new Udp(port, operation.socket, operation.bound ?? wanted);
  return perform(port, operation, { ...options, take, about: formatEndpoint(wanted) });
}

/**
 * A datagram socket for people. An ICMP notice about an earlier datagram rejects one call with
 * its fault (`refused`, `unreachable`), and the socket goes on working.
 */
export class Udp implements AsyncIterable<Datagram>, AsyncDisposable {
  readonly port: ProactorPort;
  /** Where it is bound: its port is never 0. */
  readonly endpoint: Endpoint;
  /** ICMP notices that were met: about earlier datagrams, the socket works on. */
  notices = 0;
  readonly #socket: SocketId;
  #waiting = 0;
  #closing: Promise<void> | undefined;

  /** Takes over a datagram socket of `port`. */
  constructor(port: ProactorPort, socket: SocketId, endpoint: Endpoint) {
    this.port = port;
    this.endpoint = endpoint;
    this.#socket = socket;
  }

  /** The next datagram; one of no bytes is a datagram, too. */
  recv(options: WaitOptions = {}): Promise<Datagram> {
    const operation = udpRecvOperation(this.#socket, NOTHING);
    const take = (): Datagram => {
      const { from, size, truncated } = operation;
      return { data: bytesOf({ ...operation, owned: false }), from, size, truncated };
    };
    return this.#counted(() =>
      perform(this.port, operation, { ...options, take, keep: this.#notice }),
    );
  }

  /** Waits until a datagram waits, says how many bytes it has, and leaves it where it is. */
  peek(options: WaitOptions = {}): Promise<number> {
    const operation = udpPeekOperation(this.#socket, NOTHING);
    const take = () => operation.size;
    return this.#counted(() =>
      perform(this.port, operation, { ...options, take, keep: this.#notice }),
    );
  }

  /** Sends one datagram; `to` only where the socket is not connected. `data` is lent meanwhile. */
  send(data: Uint8Array, to?: Endpoint | string, options: WaitOptions = {}): Promise<void> {
    return this.#counted(() => {
      const operation = udpSendOperation(this.#socket, NOTHING);
      operation.data = data;
      operation.to = typeof to === 'string' ? parseEndpoint(to) : to;
      return perform(this.port, operation, { ...options, take: NOTHING, keep: this.#notice });
    });
  }

  /** Closes the socket; what waits ends with `cancelled`. */
  close(): Promise<void> {
    const close = closeOperation(this.#socket, NOTHING);
    this.#closing ??= perform(this.port, close, { take: NOTHING }).catch(ignoreClosed);
    return this.#closing;
  }

  /** Datagrams until the socket is closed. ICMP notices are counted and passed over. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void, undefined> {
    while (this.#closing === undefined) {
      let datagram: Datagram;
      const { notices } = this;
      try {
        datagram = await this.recv();
      } catch (error) {
        if (this.#closing !== undefined) return;
        if (this.notices > notices) continue;
        throw error;
      }
      yield datagram;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #notice = ({ status }: Operation): void => {
    if (status === 'icmp') this.notices += 1;
  };

  async #counted<Value>(start: () => Promise<Value>): Promise<Value> {
    if (this.#waiting === UDP_WAITING_MAX) {
      throw new IoError({ code: 'limit', call: 'udp' }, { about: `over ${UDP_WAITING_MAX} wait` });
    }
    this.#waiting += 1;
    try {
      return await start();
    } finally {
      this.#waiting -= 1;
    }
  }
}
