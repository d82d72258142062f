import type { Endpoint } from '../core/endpoint.ts';
import type { SocketId } from '../core/operation.ts';
import {
  acceptOperation,
  closeOperation,
  listenOperation,
  timerOperation,
} from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { formatEndpoint, parseEndpoint } from './address.ts';
import { IoError } from './io-error.ts';
import { ignoreClosed, Stream } from './stream.ts';
import { perform, type WaitOptions } from './wait.ts';

/** Accepts that may wait at once on one listener; one more ends with `limit`. */
export const ACCEPTS_WAITING_MAX: number = 1024;
/** How long iteration waits after it ran out of descriptors: nginx's `accept_mutex_delay`. */
const EXHAUSTED_PAUSE_MS = 500;
const NOTHING = () => {};

export type ListenOptions = WaitOptions & {
  /** Connections that the kernel may hold before they are accepted. */
  readonly backlog?: number;
  /** Shares the port with other listeners that say the same (SO_REUSEPORT). */
  readonly reusePort?: boolean;
};

/** Opens a listening socket; port 0 lets the system choose one: see `Listener.endpoint`. */
export async function listen(
  port: ProactorPort,
  endpoint: Endpoint | string,
  options: ListenOptions = {},
): Promise<Listener> {
  const wanted = typeof endpoint === 'string' ? parseEndpoint(endpoint) : endpoint;
  const operation = listenOperation(wanted, NOTHING);
  operation.backlog = options.backlog ?? operation.backlog;
  operation.reusePort = options.reusePort ?? false;
  const take = () => new Listener(port, operation.socket, operation.bound ?? wanted);
  return perform(port, operation, { ...options, take, about: formatEndpoint(wanted) });
}

/** A listening socket for people. */
export class Listener implements AsyncIterable<Stream>, AsyncDisposable {
  readonly port: ProactorPort;
  /** Where it listens: its port is never 0. */
  readonly endpoint: Endpoint;
  /** Connections that iteration could not accept: gone before, or no descriptors were left. */
  acceptFaults = 0;
  readonly #socket: SocketId;
  #waiting = 0;
  #closing: Promise<void> | undefined;

  /** Takes over a listening socket of `port`. */
  constructor(port: ProactorPort, socket: SocketId, endpoint: Endpoint) {
    this.port = port;
    this.endpoint = endpoint;
    this.#socket = socket;
  }

  /** The next connection, in the order in which they came. */
  async accept(options: WaitOptions = {}): Promise<Stream> {
    if (this.#waiting === ACCEPTS_WAITING_MAX) {
      const about = `over ${ACCEPTS_WAITING_MAX} wait`;
      throw new IoError({ code: 'limit', call: 'accept' }, { about });
    }
    const operation = acceptOperation(this.#socket, NOTHING);
    const take = () => new Stream(this.port, operation.accepted);
    this.#waiting += 1;
    try {
      return await perform(this.port, operation, { ...options, take });
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Stops listening. Accepts that wait end with `cancelled`; accepted streams go on. */
  close(): Promise<void> {
    const close = closeOperation(this.#socket, NOTHING);
    this.#closing ??= perform(this.port, close, { take: NOTHING }).catch(ignoreClosed);
    return this.#closing;
  }

  /**
   * Connections until the listener is closed. A connection that went before it was accepted is
   * passed over; when descriptors run out, iteration pauses and goes on by itself.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Stream, void, undefined> {
    while (this.#closing === undefined) {
      let stream: Stream;
      try {
        stream = await this.accept();
      } catch (error) {
        if (this.#closing !== undefined) return;
        await this.#recover(error);
        continue;
      }
      yield stream;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #recover(error: unknown): Promise<void> {
    const fault = error instanceof IoError ? error.fault : undefined;
    if (fault?.class !== 'peer' && fault?.class !== 'exhausted') throw error;
    this.acceptFaults += 1;
    if (fault.class === 'peer') return;
    const timer = timerOperation(NOTHING);
    timer.atMs = this.port.loop.nowMs() + EXHAUSTED_PAUSE_MS;
    await perform(this.port, timer, { take: NOTHING });
  }
}
