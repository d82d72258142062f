import type { Endpoint } from '../../core/endpoint.ts';
import type { Fault } from '../../core/fault.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import type { Random } from '../../core/random.ts';
import type { Attempt } from './attempt.ts';
import type { DropCounters } from './drop-counters.ts';
import type { LentViews } from './lent-views.ts';
import type { TransportSettings } from './settings.ts';
import { outcomeOf, type SocketOwner, UdpSocket } from './udp-socket.ts';

/** How long a socket takes queries, in milliseconds: answers are spread over many ports. */
export const SOCKET_MS_MAX: number = 10_000;
/** Sockets of one server, those included that only wait for late answers: this many times the pool. */
export const SOCKETS_FACTOR: number = 4;
/** After the system had no descriptor left, none is asked for while there is a socket to use. */
const EXHAUSTED_MS = 1_000;

/** What the pools of all servers share. */
export type PoolContext = {
  readonly port: ProactorPort;
  readonly random: Random;
  readonly drops: DropCounters;
  readonly views: LentViews;
  readonly settings: TransportSettings;
  /** A socket was opened: it has to be looked at again at `atMs`. */
  lookAgain(atMs: number): void;
  /** A socket is gone. */
  socketGone(): void;
  portClosed(): void;
};

/**
 * The sockets of one server. A query takes a random one, so that the port is hard to guess; each
 * is replaced after 64 queries or 10 s.
 */
export class SocketPool implements SocketOwner {
  readonly port: ProactorPort;
  readonly random: Random;
  readonly drops: DropCounters;
  readonly views: LentViews;
  readonly #context: PoolContext;
  readonly #remote: Endpoint;
  readonly #slots: (UdpSocket | undefined)[];
  /** All that are not gone, oldest first. */
  readonly #sockets: UdpSocket[] = [];
  /** Those that are gone, and can be opened anew. */
  readonly #spare: UdpSocket[] = [];
  #exhaustedUntilMs = 0;

  constructor(context: PoolContext, remote: Endpoint) {
    this.#context = context;
    this.port = context.port;
    this.random = context.random;
    this.drops = context.drops;
    this.views = context.views;
    this.#remote = remote;
    this.#slots = new Array(context.settings.socketsPerServer).fill(undefined);
  }

  /** Sockets that are open, being opened or being closed. */
  get size(): number {
    return this.#sockets.length;
  }

  /**
   * Sends it through a random socket. Where each is being closed, and there may be no more, it is
   * as if it had been lost on the way: there may be one for the next attempt.
   */
  send(attempt: Attempt, nowMs: number): void {
    // The upper half is the number of the query, the lower one chooses the socket.
    const chance = this.random.nextUint32();
    const socket = this.#choose((chance & 0xffff) % this.#slots.length, nowMs);
    if (socket === undefined) attempt.outcome = 'no socket';
    else socket.add(attempt, chance >>> 16);
  }

  #choose(slot: number, nowMs: number): UdpSocket | undefined {
    const slots = this.#slots;
    const known = slots[slot];
    if (known !== undefined) {
      const { queriesPerSocket } = this.#context.settings;
      if (known.used < queriesPerSocket && nowMs - known.openedMs < SOCKET_MS_MAX) return known;
      slots[slot] = undefined;
      known.retire();
    }
    const full = this.#sockets.length >= slots.length * SOCKETS_FACTOR;
    if (full || nowMs < this.#exhaustedUntilMs) {
      const other = this.#anyUsable();
      if (other !== undefined || full) return other;
    }
    const socket = this.#spare.pop() ?? new UdpSocket(this, this.#remote);
    socket.open(nowMs);
    this.#sockets.push(socket);
    slots[slot] = socket;
    this.#context.lookAgain(nowMs + SOCKET_MS_MAX);
    return socket;
  }

  /** Retires what is too old, and lets the others rest. The next moment to look again; `Infinity`: never. */
  sweep(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [slot, socket] of this.#slots.entries()) {
      if (socket === undefined) continue;
      const endMs = socket.openedMs + SOCKET_MS_MAX;
      if (nowMs < endMs) {
        nextMs = Math.min(nextMs, endMs);
        socket.settle();
      } else {
        this.#slots[slot] = undefined;
        socket.retire();
      }
    }
    return nextMs;
  }

  /** Nothing new goes out; each closes with its last query. */
  retireAll(): void {
    for (const [slot, socket] of this.#slots.entries()) {
      this.#slots[slot] = undefined;
      socket?.retire();
    }
  }

  openFailed(socket: UdpSocket, waiting: readonly Attempt[], fault: Fault | undefined): void {
    this.#forget(socket);
    const exhausted = fault?.class === 'exhausted';
    if (exhausted) this.#exhaustedUntilMs = this.port.loop.nowMs() + EXHAUSTED_MS;
    for (const attempt of waiting) {
      if (attempt.socket !== socket) continue;
      const other = exhausted ? this.#anyUsable() : undefined;
      if (other !== undefined) other.add(attempt, this.random.nextUint32() >>> 16);
      // As if it had been lost on the way: there may be a descriptor for the next attempt.
      else if (exhausted) attempt.outcome = outcomeOf(fault);
      else attempt.owner?.lost(attempt, outcomeOf(fault), fault?.class !== 'path');
    }
  }

  portClosed(): void {
    this.#context.portClosed();
  }

  broken(socket: UdpSocket): void {
    const slot = this.#slots.indexOf(socket);
    if (slot >= 0) this.#slots[slot] = undefined;
    socket.retire();
  }

  gone(socket: UdpSocket): void {
    this.#forget(socket);
    if (this.#spare.length < this.#slots.length) this.#spare.push(socket);
  }

  #forget(socket: UdpSocket): void {
    const index = this.#sockets.indexOf(socket);
    if (index >= 0) this.#sockets.splice(index, 1);
    const slot = this.#slots.indexOf(socket);
    if (slot >= 0) this.#slots[slot] = undefined;
    this.#context.socketGone();
  }

  #anyUsable(): UdpSocket | undefined {
    const sockets = this.#sockets;
    const start = this.random.nextUint32() % Math.max(sockets.length, 1);
    for (let step = 0; step < sockets.length; step += 1) {
      const socket = sockets[(start + step) % sockets.length];
      if (socket?.usable) return socket;
    }
    return undefined;
  }
}
