import type { Endpoint } from '../core/endpoint.ts';
import type { ListenOperation, SocketId } from '../core/operation.ts';
import { closeOperation, listenOperation, timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { ListenConf } from '../server/index.ts';

/** How often an address that is in use is tried, and how long is waited between. */
const TRIES_MAX = 5;
const PAUSE_MS = 500;

/** A socket that listens, and where. */
export type ListeningSocket = { readonly socket: SocketId; readonly endpoint: Endpoint };

/** An address could not be had. */
export class BindError extends Error {}

/** The listening sockets of a program: those that a new configuration has, too, stay open. */
export class ListeningSockets {
  readonly #port: ProactorPort;
  readonly #open = new Map<string, ListeningSocket>();
  /** Told of each try that has failed. */
  readonly #onFailure: (message: string) => void;

  constructor(port: ProactorPort, onFailure: (message: string) => void) {
    this.#port = port;
    this.#onFailure = onFailure;
  }

  /** Opens what is not open yet. Rejects with `BindError` where an address cannot be had. */
  async open(listens: readonly ListenConf[]): Promise<void> {
    const added: string[] = [];
    for (const listen of listens) {
      if (this.#open.has(listen.text)) continue;
      try {
        this.#open.set(listen.text, await this.#bind(listen));
        added.push(listen.text);
      } catch (error) {
        for (const text of added) await this.#close(text);
        throw error;
      }
    }
  }

  get(text: string): ListeningSocket {
    const found = this.#open.get(text);
    if (found === undefined) throw new Error(`nobody listens on ${text}`);
    return found;
  }

  /** Closes what none of these listens on. */
  async keepOnly(listens: readonly ListenConf[]): Promise<void> {
    const kept = new Set(listens.map(({ text }) => text));
    for (const text of this.#open.keys()) if (!kept.has(text)) await this.#close(text);
  }

  async #bind(listen: ListenConf): Promise<ListeningSocket> {
    for (let tries = 1; ; tries += 1) {
      const { status, socket, bound, fault } = await this.#listen(listen);
      if (status === 'done') return { socket, endpoint: bound ?? listen.endpoint };
      const { errno = 0, code = status } = fault?.native ?? {};
      const why = `bind() to ${listen.text} failed (${Math.abs(errno)}: ${TEXTS[code] ?? code})`;
      this.#onFailure(why);
      if (fault?.code !== 'addressInUse') throw new BindError(why);
      if (tries === TRIES_MAX) throw new BindError('still could not bind()');
      await this.#pause();
    }
  }

  #listen({ endpoint, backlog, reusePort, fastOpen }: ListenConf): Promise<ListenOperation> {
    return new Promise((resolve) => {
      const listen = listenOperation(endpoint, resolve);
      Object.assign(listen, { backlog, reusePort, fastOpen });
      this.#port.submit(listen);
    });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = timerOperation(() => resolve());
      timer.atMs = this.#port.loop.nowMs() + PAUSE_MS;
      this.#port.submit(timer);
    });
  }

  #close(text: string): Promise<void> {
    const { socket } = this.get(text);
    this.#open.delete(text);
    return new Promise((resolve) => {
      this.#port.submit(closeOperation(socket, () => resolve()));
    });
  }
}

const TEXTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Address already in use',
  EACCES: 'Permission denied',
  EADDRNOTAVAIL: 'Cannot assign requested address',
};
