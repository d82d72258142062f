import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { CLOSED } from '../../src/core/fault.ts';
import { InvariantError } from '../../src/core/invariant-error.ts';
import { lacking } from '../../src/core/lacking.ts';
import {
  type CloseOperation,
  directionOf,
  type SocketId,
  type SocketOperation,
} from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import {
  type Attempt,
  beginWait,
  type Direction,
  type ReactorPort,
  type Watch,
} from '../../src/core/reactor.ts';
import { clearAnswer, failed, lentBytes } from './answer.ts';
import { attempt } from './attempt.ts';
import { beginClose, lingeringEnds } from './lingering.ts';
import { endSending } from './send-attempt.ts';
import { simFault } from './sim-faults.ts';
import type { SimHost } from './sim-host.ts';
import { SIM_CAPABILITIES, SimPort } from './sim-port.ts';
import type { OpenOperation, SimSocket } from './sim-socket.ts';
import { abort } from './tcp-calls.ts';

/** A port of a simulated host with the reactor's face. */
export class SimReactor implements ReactorPort {
  readonly name = 'sim';
  readonly capabilities: Capabilities = SIM_CAPABILITIES;
  readonly #port: SimPort;
  /** Watches whose socket is gone; bounded by the caller, who owns them. */
  #gone: Watch[] = [];

  constructor(host: SimHost) {
    this.#port = new SimPort(host, {
      serve: (socket) => this.#serve(socket),
      serveRest: () => this.#tellGone(),
      endAll: (socket) => this.#endAll(socket),
    });
  }

  get loop(): EventLoop {
    return this.#port.loop;
  }

  get counters(): Readonly<Counters> {
    return this.#port.counters;
  }

  get openSockets(): number {
    return this.#port.sockets.size;
  }

  /** For tests of one socket: conditions that are its own. */
  get port(): SimPort {
    return this.#port;
  }

  localEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#port.localEndpoint(socket);
  }

  remoteEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#port.remoteEndpoint(socket);
  }

  close(onClosed?: () => void): void {
    this.#port.close(onClosed);
  }

  // Attempts.

  attempt(operation: SocketOperation): Attempt {
    if (operation.status === 'pending') throw new InvariantError('attempted while pending');
    operation.fault = undefined;
    operation.outcome = 'done';
    const would = this.#try(operation);
    if (would !== 'completed') {
      operation.status = 'idle';
      return would;
    }
    this.#port.note(operation, lentBytes(operation));
    operation.status = operation.outcome;
    return 'completed';
  }

  abandon(operation: SocketOperation): void {
    operation.status = 'cancelled';
    operation.outcome = 'cancelled';
    const socket = this.#port.sockets.get(operation.socket);
    if (socket === undefined) return;
    endSending(socket, operation);
    if (operation !== socket.opening && operation !== socket.closing) return;
    if (socket.transport.kind === 'tcp') abort(socket.transport);
    this.#remove(socket);
  }

  #try(operation: SocketOperation): Attempt {
    if (this.#port.closed) return completed(failed(operation, CLOSED));
    const missing = operation.kind === 'close' ? undefined : lacking(operation, SIM_CAPABILITIES);
    if (missing !== undefined) return completed(failed(operation, missing));
    switch (operation.kind) {
      case 'listen':
      case 'connect':
      case 'udpOpen':
        return this.#open(operation);
      case 'close':
        return this.#close(operation);
      default:
        return this.#transfer(operation);
    }
  }

  #transfer(operation: Exclude<SocketOperation, OpenOperation | CloseOperation>): Attempt {
    const socket = this.#port.sockets.get(operation.socket);
    if (socket === undefined || socket.closed) return completed(failed(operation, CLOSED));
    if (this.#injected(operation)) return 'completed';
    const goesOn = operation.status === 'idle' && directionOf(operation.kind) === 'write';
    if (!goesOn) clearAnswer(operation);
    if (!attempt(this.#port, socket, operation, false)) {
      return directionOf(operation.kind) === 'read' ? 'read' : 'write';
    }
    const lent = lentBytes(operation);
    if (lent > 0) {
      this.#port.lent(lent); // The view ends with the turn, or with the next attempt.
      this.#port.wake();
    }
    return 'completed';
  }

  #open(operation: OpenOperation): Attempt {
    const begun = this.#port.sockets.get(operation.socket);
    if (begun?.opening === operation) return this.#goOnOpening(begun, operation);
    if (this.#injected(operation)) return 'completed';
    const socket = this.#port.open(operation);
    if (socket === undefined) return 'completed';
    if (operation.kind === 'connect') return 'write';
    socket.opening = undefined;
    return 'completed';
  }

  #goOnOpening(socket: SimSocket, operation: OpenOperation): Attempt {
    const { transport } = socket;
    if (transport.kind !== 'tcp') return 'completed';
    if (transport.fault !== undefined) {
      failed(operation, transport.fault);
      this.#remove(socket);
    } else if (!transport.synchronized) {
      return 'write';
    }
    socket.opening = undefined;
    return 'completed';
  }

  #close(operation: CloseOperation): Attempt {
    const socket = this.#port.sockets.get(operation.socket);
    if (socket === undefined) return completed(failed(operation, CLOSED));
    if (socket.closing !== operation) {
      if (socket.closed) return completed(failed(operation, CLOSED));
      if (operation.how === 'detach') return completed(failed(operation, simFault('unsupported')));
      if (this.#injected(operation)) return 'completed';
      socket.closing = operation;
      beginClose(this.#port, socket, operation);
    }
    if (!lingeringEnds(socket)) {
      this.#port.look(socket);
      return 'read';
    }
    this.#remove(socket);
    return 'completed';
  }

  #injected(operation: SocketOperation): boolean {
    const why = this.#port.host.network.faultFor(operation.kind);
    return why !== undefined && failed(operation, why);
  }

  /** Frees the socket's number and tells those who wait for it. */
  #remove(socket: SimSocket): void {
    this.#port.remove(socket);
    this.#endAll(socket);
  }

  // Watches.

  wait(watch: Watch): void {
    beginWait(watch);
    const socket = this.#port.sockets.get(watch.socket);
    if (socket === undefined) {
      this.#gone.push(watch);
      this.#port.wake();
      return;
    }
    watchesOf(socket, watch.direction).push(watch);
    if (isReady(socket, watch.direction)) this.#port.look(socket);
  }

  unwait(watch: Watch): void {
    if (!watch.waiting) return;
    watch.waiting = false;
    const socket = this.#port.sockets.get(watch.socket);
    if (socket !== undefined) removeFrom(watchesOf(socket, watch.direction), watch);
    removeFrom(this.#gone, watch);
  }

  #serve(socket: SimSocket): void {
    const readsFirst = (this.loop.turn & 1) === 0;
    this.#report(socket, readsFirst ? 'read' : 'write');
    this.#report(socket, readsFirst ? 'write' : 'read');
    if (this.#port.closed) this.#port.remove(socket);
  }

  #tellGone(): void {
    for (let left = this.#gone.length; left > 0; left -= 1) {
      const watch = this.#gone.shift();
      if (watch !== undefined) this.#tell(watch);
    }
  }

  /** Those who wait hear of it on the next turn. */
  #endAll(socket: SimSocket): void {
    socket.closed = true;
    const watches = [...(socket.readWatches ?? []), ...(socket.writeWatches ?? [])];
    socket.readWatches = undefined;
    socket.writeWatches = undefined;
    if (watches.length === 0) return;
    this.#gone.push(...watches);
    this.#port.wake();
  }

  /** Each report may be the last reason: what was ready may have been taken meanwhile. */
  #report(socket: SimSocket, direction: Direction): void {
    const watches = direction === 'read' ? socket.readWatches : socket.writeWatches;
    if (watches === undefined) return;
    for (let left = watches.length; left > 0 && isReady(socket, direction); left -= 1) {
      if (!this.#port.hasBudget(socket)) return;
      const watch = watches.shift();
      if (watch === undefined) return;
      socket.completions += 1;
      this.#tell(watch);
    }
  }

  #tell(watch: Watch): void {
    watch.waiting = false;
    try {
      watch.onReady(watch);
    } catch (error) {
      this.#port.host.network.uncaught(error);
    }
  }
}

function completed(_: true): 'completed' {
  return 'completed';
}

function isReady(socket: SimSocket, direction: Direction): boolean {
  const { transport } = socket;
  if (socket.closed) return lingeringEnds(socket);
  return direction === 'read' ? transport.readReady : transport.writeReady;
}

function watchesOf(socket: SimSocket, direction: Direction): Watch[] {
  if (direction === 'read') {
    socket.readWatches ??= [];
    return socket.readWatches;
  }
  socket.writeWatches ??= [];
  return socket.writeWatches;
}

function removeFrom(watches: Watch[], watch: Watch): void {
  const index = watches.indexOf(watch);
  if (index >= 0) watches.splice(index, 1);
}
