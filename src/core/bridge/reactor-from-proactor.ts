import { BufferPool, SCRATCH_BYTES } from '../buffer-pool.ts';
import type { Capabilities } from '../capabilities.ts';
import type { Endpoint } from '../endpoint.ts';
import type { EventLoop } from '../event-loop.ts';
import { CLOSED, ownFault } from '../fault.ts';
import { lacking } from '../lacking.ts';
import {
  type CloseOperation,
  directionOf,
  NO_SOCKET,
  type SocketId,
  type SocketOperation,
} from '../operation.ts';
import type { Counters } from '../port.ts';
import type { ProactorPort } from '../proactor.ts';
import { type Attempt, beginWait, type ReactorPort, type Watch } from '../reactor.ts';
import type { Begun } from './begun.ts';
import { type BridgeContext, BridgedSocket } from './bridged-socket.ts';
import { Closing } from './closing.ts';
import { clearProgress, isOpening, type OpenOperation, sidesOf } from './kinds.ts';
import { Opening } from './opening.ts';
import { answer, type Side } from './side.ts';

/** Spills that are kept for the next rush: 1 MiB. */
const SPILLS_IDLE_MAX = 16;

/**
 * The reactor's face of a proactor. Nothing of a caller's is lent beyond its attempt: what is
 * received goes through a spill, what is sent through an outbox, and what is opened or closed is
 * an operation of the bridge's own.
 */
export function reactorFrom(proactor: ProactorPort): ReactorPort {
  return new BridgedReactor(proactor);
}

class BridgedReactor implements ReactorPort {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly counters: Counters;
  readonly loop: EventLoop;
  readonly #port: ProactorPort;
  readonly #context: BridgeContext;
  /** Every socket that this bridge has opened or accepted, until its close was answered. */
  readonly #sockets = new Map<SocketId, BridgedSocket>();
  /** The next name for an opening that failed before its socket had a number. */
  #nameless: SocketId = NO_SOCKET;
  #closed = false;

  constructor(port: ProactorPort) {
    this.name = `reactorFrom(${port.name})`;
    const bridged = {
      peek: 'user-space',
      receive: 'copied',
      splice: 'none',
      sendProgress: 'range',
      detach: false,
    } as const;
    this.capabilities = { ...port.capabilities, ...bridged };
    this.counters = port.counters;
    this.loop = port.loop;
    this.#port = port;
    const spills = new BufferPool(SCRATCH_BYTES, SPILLS_IDLE_MAX);
    this.#context = { port, spills, copies: new BufferPool() };
  }

  get openSockets(): number {
    return this.#port.openSockets;
  }

  localEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#port.localEndpoint(socket);
  }

  remoteEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#port.remoteEndpoint(socket);
  }

  attempt(operation: SocketOperation): Attempt {
    if (isOpening(operation)) return this.#open(operation);
    const socket = this.#sockets.get(operation.socket);
    if (socket === undefined) {
      clearProgress(operation);
      return answer(operation, 'failed', CLOSED);
    }
    if (operation.kind === 'close') return this.#close(socket, operation);
    if (operation.kind === 'splice') {
      return answer(operation, 'failed', ownFault('unsupported', operation.kind));
    }
    if (socket.own === undefined) return this.#attemptOn(socket, operation);
    if (socket.own instanceof Closing) return answer(operation, 'failed', CLOSED);
    operation.status = 'idle';
    return socket.own.direction; // It is still being opened.
  }

  abandon(operation: SocketOperation): void {
    operation.status = 'cancelled';
    const socket = this.#sockets.get(operation.socket);
    if (socket === undefined) return;
    if (socket.own === undefined) this.#sideOf(socket, operation).abandon(operation);
    else if (socket.own.caller === operation) this.#abandonOwn(socket);
  }

  wait(watch: Watch): void {
    const socket = this.#sockets.get(watch.socket);
    if (socket !== undefined) socket.wait(watch);
    else this.#reportGone(watch);
  }

  unwait(watch: Watch): void {
    const socket = this.#sockets.get(watch.socket);
    if (socket !== undefined) socket.unwait(watch);
    watch.waiting = false;
  }

  close(onClosed?: () => void): void {
    this.#closed = true;
    this.#port.close(onClosed);
    for (const socket of this.#sockets.values()) {
      socket.discardReads();
      socket.discardWrites();
      this.loop.flushAtTurnEnd(socket);
    }
  }

  #attemptOn(socket: BridgedSocket, operation: SocketOperation): Attempt {
    const attempt = this.#sideOf(socket, operation).attempt(operation);
    if (operation.kind === 'accept' && operation.status === 'done') this.#add(operation.accepted);
    return attempt;
  }

  #reportGone(watch: Watch): void {
    beginWait(watch);
    this.loop.post(() => {
      if (!watch.waiting) return;
      watch.waiting = false;
      watch.onReady(watch);
    });
  }

  #open(operation: OpenOperation): Attempt {
    const socket = this.#sockets.get(operation.socket);
    const opening = socket?.own;
    if (!(opening instanceof Opening) || opening.caller !== operation)
      return this.#begin(operation);
    const attempt = opening.attempt();
    if (attempt === 'completed') {
      this.#sockets.delete(operation.socket);
      operation.socket = operation.status === 'done' ? opening.own.socket : NO_SOCKET;
      if (operation.status === 'done') this.#opened(operation, opening.own);
    }
    return attempt;
  }

  #begin(operation: OpenOperation): Attempt {
    if (this.#closed) return answer(operation, 'failed', CLOSED);
    const opening = new Opening(this.#port, operation, () => socket.tell());
    this.#port.submit(opening.own);
    operation.socket = opening.own.socket === NO_SOCKET ? --this.#nameless : opening.own.socket;
    const socket = this.#add(operation.socket);
    socket.own = opening;
    operation.status = 'idle';
    return opening.direction;
  }

  /** The sides of a new socket are those of its kind, whatever is waited for first. */
  #opened(caller: OpenOperation, own: OpenOperation): void {
    if (caller.kind !== 'connect' && own.kind !== 'connect') caller.bound = own.bound;
    const socket = this.#add(own.socket);
    const sides = sidesOf(own);
    socket.readsFor(sides);
    socket.writesFor(sides);
  }

  #close(socket: BridgedSocket, operation: CloseOperation): Attempt {
    const { own } = socket;
    const missing = lacking(operation, this.capabilities);
    if (missing !== undefined) return answer(operation, 'failed', missing);
    if (own instanceof Opening) {
      own.caller.status = 'cancelled';
      this.#abandonOwn(socket);
      return answer(operation, 'done');
    }
    if (own !== undefined) return this.#attemptClose(socket, own, operation);
    const onGone = (): void => this.#forget(socket);
    const closing = new Closing(this.#port, socket, operation, onGone);
    socket.own = closing;
    closing.start();
    operation.status = 'idle';
    return 'read';
  }

  #attemptClose(socket: BridgedSocket, own: Begun, operation: CloseOperation): Attempt {
    if (own.caller !== operation) return answer(operation, 'failed', CLOSED);
    const attempt = own.attempt();
    if (attempt === 'completed') this.#forget(socket);
    return attempt;
  }

  #abandonOwn(socket: BridgedSocket): void {
    const { own } = socket;
    if (own instanceof Opening) {
      own.caller.socket = NO_SOCKET;
      this.#forget(socket);
    }
    own?.abandon();
  }

  #sideOf(socket: BridgedSocket, { kind }: SocketOperation): Side {
    return directionOf(kind) === 'read' ? socket.readsFor(kind) : socket.writesFor(kind);
  }

  #forget(socket: BridgedSocket): void {
    this.#sockets.delete(socket.socket);
  }

  #add(id: SocketId): BridgedSocket {
    const socket = new BridgedSocket(this.#context, id);
    this.#sockets.set(id, socket);
    return socket;
  }
}
