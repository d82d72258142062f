import { chmodSync, closeSync, unlinkSync } from 'node:fs';
import type { Endpoint } from '../core/endpoint.ts';
import type { Fault } from '../core/fault.ts';
import type {
  CloseOperation,
  ListenOperation,
  SocketId,
  UdpOpenOperation,
} from '../core/operation.ts';
import { NO_SOCKET } from '../core/operation.ts';
import {
  closeOperation,
  listenOperation,
  timerOperation,
  udpOpenOperation,
} from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { ListenConf } from '../server/index.ts';
import type { InheritedSockets } from './inherited-sockets.ts';
import { failedCall, StartError } from './system-error.ts';

/** How often an address that is in use is tried, and how long is waited between. */
const TRIES_MAX = 5;
const PAUSE_MS = 500;
/** Everybody may connect to a UNIX socket; who may find it is its folder's affair. */
const UNIX_MODE = 0o666;

/** One that listens, or one that is bound and takes datagrams. */
export type SocketConf = ListenConf & { readonly udp?: boolean };

/** A socket that listens, or takes datagrams, and where. */
export type Listening = {
  /** The same for the same address; sockets that share one have numbers behind it. */
  readonly key: string;
  readonly udp: boolean;
  readonly endpoint: Endpoint;
  /** Of this process; -1 where the adapter keeps it. */
  readonly descriptor: number;
  /** Of the master's port, where that keeps the descriptor. */
  readonly socket: SocketId;
  /** Somebody else has made it: its name in the file system is not ours to remove. */
  readonly lent: boolean;
};

/** The listening sockets of a program: those that a new configuration has, too, stay open. */
export class ListeningSockets {
  readonly #port: ProactorPort;
  readonly #inherited: InheritedSockets;
  readonly #open = new Map<string, Listening>();
  /** Told of each try that has failed. */
  readonly #onFailure: (message: string) => void;
  /** Can sockets be handed to others? */
  readonly canHandOver: boolean;

  constructor(
    port: ProactorPort,
    inherited: InheritedSockets,
    onFailure: (message: string) => void,
  ) {
    this.#port = port;
    this.#inherited = inherited;
    this.#onFailure = onFailure;
    this.canHandOver = port.capabilities.detach && port.capabilities.adopt;
  }

  get all(): readonly Listening[] {
    return [...this.#open.values()];
  }

  /**
   * Opens what is not open yet; `shares`: sockets of each address that workers have one each of.
   * All of them, or none and a `StartError`.
   */
  async open(confs: readonly SocketConf[], shares = 1): Promise<readonly Listening[]> {
    const added: Listening[] = [];
    const wanted: Listening[] = [];
    try {
      for (const [key, conf] of keysOf(confs, this.canHandOver ? shares : 1)) {
        let listening = this.#open.get(key);
        if (listening === undefined) {
          listening = this.#inherited.take(key) ?? (await this.#bind(key, conf, TRIES_MAX));
          this.#open.set(key, listening);
          added.push(listening);
        }
        wanted.push(listening);
      }
    } catch (error) {
      for (const listening of added) await this.#close(listening, true);
      throw error;
    }
    return wanted;
  }

  /** Tries addresses and gives them back; one that is in use is as good as any. */
  async test(confs: readonly SocketConf[]): Promise<void> {
    for (const [key, conf] of keysOf(confs, 1)) {
      const listening = await this.#bind(key, { ...conf, reusePort: false }, 0);
      if (listening.descriptor >= 0 || listening.socket !== NO_SOCKET) {
        await this.#close(listening, true);
      }
    }
  }

  /** Closes all but these. */
  async keepOnly(kept: readonly Listening[]): Promise<void> {
    const keys = new Set(kept.map(({ key }) => key));
    for (const one of this.all) if (!keys.has(one.key)) await this.#close(one, true);
  }

  /** Nobody can connect any more. `unlink`: no other process goes on with the sockets. */
  async closeListeners(unlink: boolean): Promise<void> {
    for (const listening of this.all) if (!listening.udp) await this.#close(listening, unlink);
  }

  async close(unlink: boolean): Promise<void> {
    for (const listening of this.all) await this.#close(listening, unlink);
  }

  /** `tries` 0: an address in use is a socket that is not there. */
  async #bind(key: string, conf: SocketConf, tries: number): Promise<Listening> {
    for (let left = tries; ; left -= 1) {
      const opened = await (conf.udp ? this.#openUdp(conf) : this.#listen(conf));
      if (opened.status === 'done') return this.#listening(key, conf, opened);
      const why = bindFailure(conf, opened.fault);
      if (tries === 0 && opened.fault?.code === 'addressInUse') {
        return { ...NOWHERE, key, endpoint: conf.endpoint };
      }
      if (opened.fault?.code !== 'addressInUse') throw new StartError(why);
      this.#onFailure(why);
      if (left === 1) throw new StartError('still could not bind()');
      await this.#pause();
    }
  }

  async #listening(
    key: string,
    conf: SocketConf,
    { socket, bound }: ListenOperation | UdpOpenOperation,
  ): Promise<Listening> {
    const { family, address } = conf.endpoint;
    if (family === 'unix' && !address.startsWith('\0')) chmodSync(address, UNIX_MODE);
    const endpoint = bound ?? conf.endpoint;
    const rest = { key, udp: conf.udp === true, endpoint, lent: false };
    if (!this.canHandOver) return { ...rest, descriptor: -1, socket };
    const { status, descriptor } = await this.#end(socket, 'detach');
    if (status !== 'done') throw new StartError(`${conf.text} could not be handed over`);
    return { ...rest, descriptor, socket: NO_SOCKET };
  }

  #listen({ endpoint, backlog, reusePort, fastOpen }: ListenConf): Promise<ListenOperation> {
    return new Promise((resolve) => {
      const listen = listenOperation(endpoint, resolve);
      Object.assign(listen, { backlog, reusePort, fastOpen });
      this.#port.submit(listen);
    });
  }

  #openUdp({ endpoint, reusePort }: SocketConf): Promise<UdpOpenOperation> {
    return new Promise((resolve) => {
      const open = udpOpenOperation(endpoint, resolve);
      Object.assign(open, { reusePort });
      this.#port.submit(open);
    });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = timerOperation(() => resolve());
      timer.atMs = this.#port.loop.nowMs() + PAUSE_MS;
      this.#port.submit(timer);
    });
  }

  async #close(listening: Listening, unlink: boolean): Promise<void> {
    const { key, descriptor, socket, endpoint, lent } = listening;
    this.#open.delete(key);
    if (descriptor < 0) {
      await this.#end(socket, 'graceful');
      return;
    }
    if (unlink && !lent && endpoint.family === 'unix') removeName(endpoint.address);
    closeSync(descriptor);
  }

  #end(socket: SocketId, how: CloseOperation['how']): Promise<CloseOperation> {
    return new Promise((resolve) => {
      const close = closeOperation(socket, resolve);
      close.how = how;
      this.#port.submit(close);
    });
  }
}

const NOWHERE = { udp: false, descriptor: -1, socket: NO_SOCKET, lent: true };

/** `udp ipv4 127.0.0.1 53`: two texts may mean one address. */
export function keyOf({ family, address, port }: Endpoint, udp: boolean): string {
  return `${udp ? 'udp' : 'tcp'} ${family} ${address} ${port}`;
}

/** Sockets that share a port (`reuseport`) are one for each worker. */
function keysOf(confs: readonly SocketConf[], shares: number): Map<string, SocketConf> {
  const keys = new Map<string, SocketConf>();
  for (const conf of confs) {
    const key = keyOf(conf.endpoint, conf.udp === true);
    const count = conf.reusePort && !conf.udp ? shares : 1;
    if (count === 1) keys.set(key, conf);
    else for (let share = 0; share < count; share += 1) keys.set(`${key} #${share}`, conf);
  }
  return keys;
}

function bindFailure({ text }: SocketConf, fault: Fault | undefined): string {
  return failedCall(`bind() to ${text}`, fault?.native ?? {});
}

function removeName(path: string): void {
  if (path.startsWith('\0')) return;
  try {
    unlinkSync(path);
  } catch {
    // Somebody else has removed it.
  }
}
