import { closeSync } from 'node:fs';
import type { AcceptBalance, AdoptOperation, SocketId } from '../core/operation.ts';
import { adoptOperation, closeOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { Listening } from './listening-sockets.ts';
import { nativeCalls } from './native-calls.ts';
import { StartError } from './system-error.ts';

type Adopted = { readonly socket: SocketId; readonly listening: Listening };

/**
 * Listening sockets as this process's port knows them. `duplicate`: the descriptors stay the
 * master's, for workers and programs to come; `take`: they are this process's to close.
 */
export class AdoptedSockets {
  readonly #port: ProactorPort;
  readonly #mode: 'duplicate' | 'take';
  readonly #balance: AcceptBalance;
  readonly #sockets = new Map<string, Adopted>();

  constructor(port: ProactorPort, mode: 'duplicate' | 'take', balance: AcceptBalance) {
    this.#port = port;
    this.#mode = mode;
    this.#balance = balance;
  }

  /** Throws `StartError`. */
  async add(all: readonly Listening[]): Promise<void> {
    for (const listening of all) {
      if (this.#sockets.has(listening.key)) continue;
      const socket = listening.descriptor < 0 ? listening.socket : await this.#adopt(listening);
      this.#sockets.set(listening.key, { socket, listening });
    }
  }

  get(key: string): Adopted {
    const found = this.#sockets.get(key);
    if (found === undefined) throw new Error(`nobody listens on ${key}`);
    return found;
  }

  async keepOnly(kept: readonly Listening[]): Promise<void> {
    const keys = new Set(kept.map(({ key }) => key));
    for (const [key, adopted] of this.#sockets) if (!keys.has(key)) await this.#close(adopted);
  }

  /** Nobody connects any more; sessions of datagrams are still answered. */
  async closeListeners(): Promise<void> {
    for (const adopted of [...this.#sockets.values()]) {
      if (!adopted.listening.udp) await this.#close(adopted);
    }
  }

  async #adopt(listening: Listening): Promise<SocketId> {
    const isCopy = this.#mode === 'duplicate';
    const { descriptor: own, udp } = listening;
    const descriptor = isCopy ? nativeCalls().duplicate(own) : own;
    const { status, socket, fault } = await new Promise<AdoptOperation>((resolve) => {
      const adopt = adoptOperation(descriptor, udp ? 'datagrams' : 'listener', resolve);
      adopt.balance = this.#balance;
      this.#port.submit(adopt);
    });
    if (status === 'done') return socket;
    if (isCopy && descriptor >= 0) closeSync(descriptor);
    throw new StartError(`socket ${listening.key} could not be used (${fault?.code ?? status})`);
  }

  #close({ socket, listening }: Adopted): Promise<void> {
    this.#sockets.delete(listening.key);
    if (listening.descriptor < 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#port.submit(closeOperation(socket, () => resolve()));
    });
  }
}
