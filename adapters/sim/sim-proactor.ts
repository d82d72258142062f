import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { CLOSED } from '../../src/core/fault.ts';
import { lacking } from '../../src/core/lacking.ts';
import {
  begin,
  type CloseOperation,
  directionOf,
  type Holder,
  type Operation,
  type SocketId,
  type SocketOperation,
} from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { clearAnswer, failed, lentBytes } from './answer.ts';
import { attempt } from './attempt.ts';
import { beginClose, lingeringEnds } from './lingering.ts';
import type { OperationQueue } from './operation-queue.ts';
import { endSending } from './send-attempt.ts';
import { simFault } from './sim-faults.ts';
import type { SimHost } from './sim-host.ts';
import { SIM_CAPABILITIES, SimPort } from './sim-port.ts';
import type { OpenOperation, SimSocket } from './sim-socket.ts';
import { abort } from './tcp-calls.ts';

/**
 * A port of a simulated host with the proactor's face. Everything completes in `serve`, in the
 * order of submission: `outcome` is `done` while an operation waits, and says otherwise how it
 * was ended early or has to fail.
 */
export class SimProactor implements ProactorPort, Holder {
  readonly name = 'sim';
  readonly capabilities: Capabilities = SIM_CAPABILITIES;
  readonly #port: SimPort;

  constructor(host: SimHost) {
    this.#port = new SimPort(host, {
      serve: (socket) => this.#serve(socket),
      serveRest: () => {},
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

  localEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#port.localEndpoint(socket);
  }

  remoteEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#port.remoteEndpoint(socket);
  }

  close(onClosed?: () => void): void {
    this.#port.close(onClosed);
  }

  /** For tests of one socket: conditions that are its own. */
  get port(): SimPort {
    return this.#port;
  }

  submit(operation: Operation): void {
    if (operation.kind === 'timer') {
      this.loop.submitTimer(operation);
      return;
    }
    begin(operation, this);
    operation.outcome = 'done';
    if (this.#port.closed) {
      this.#failSoon(operation, CLOSED);
      return;
    }
    const missing = operation.kind === 'close' ? undefined : lacking(operation, SIM_CAPABILITIES);
    if (missing !== undefined) {
      this.#failSoon(operation, missing);
      return;
    }
    const injected = this.#port.host.network.faultFor(operation.kind);
    switch (operation.kind) {
      case 'listen':
      case 'connect':
      case 'udpOpen':
        this.#open(operation, injected);
        break;
      case 'close':
        this.#close(operation, injected);
        break;
      default:
        this.#enqueue(operation, injected);
    }
  }

  cancel(operation: Operation): void {
    if (operation.kind === 'timer') this.loop.cancelTimer(operation);
    else this.#endEarly(operation, 'cancelled');
  }

  expire(operation: Operation): void {
    if (operation.kind !== 'timer') this.#endEarly(operation, 'expired');
  }

  // Starting.

  #open(operation: OpenOperation, injected: SocketOperation['fault']): void {
    if (injected !== undefined) {
      this.#failSoon(operation, injected);
      return;
    }
    const socket = this.#port.open(operation);
    if (socket === undefined) {
      this.loop.completeSoon(operation, 'failed');
      return;
    }
    this.loop.watchDeadline(operation);
    this.#port.look(socket);
  }

  #enqueue(
    operation: Exclude<SocketOperation, OpenOperation | CloseOperation>,
    injected: SocketOperation['fault'],
  ): void {
    const socket = this.#port.sockets.get(operation.socket);
    if (socket === undefined || socket.closed) {
      this.#failSoon(operation, CLOSED);
      return;
    }
    if (operation.kind === 'splice') {
      this.#failSoon(operation, simFault('unsupported'));
      return;
    }
    clearAnswer(operation);
    if (injected !== undefined) {
      operation.outcome = 'failed';
      operation.fault = injected;
    }
    this.loop.watchDeadline(operation);
    const reading = directionOf(operation.kind) === 'read';
    const queue = reading ? socket.reads : socket.writes;
    queue.push(operation);
    const { transport } = socket;
    const hopeless = reading && transport.kind === 'tcp' && !transport.readReady;
    if (!hopeless || injected !== undefined) this.#port.look(socket);
  }

  #close(operation: CloseOperation, injected: SocketOperation['fault']): void {
    const socket = this.#port.sockets.get(operation.socket);
    const why = operation.how === 'detach' ? simFault('unsupported') : injected;
    if (socket === undefined || socket.closed || why !== undefined) {
      this.#failSoon(operation, socket === undefined || socket.closed ? CLOSED : (why ?? CLOSED));
      return;
    }
    this.#endAll(socket);
    socket.closing = operation;
    beginClose(this.#port, socket, operation);
    this.loop.watchDeadline(operation);
    this.#port.look(socket);
  }

  #failSoon(operation: SocketOperation, why: SocketOperation['fault']): void {
    operation.fault = why;
    this.loop.completeSoon(operation, 'failed');
  }

  // Ending early.

  /** Everything pending on `socket` ends as cancelled, in its order. */
  #endAll(socket: SimSocket): void {
    socket.closed = true;
    if (socket.opening !== undefined) socket.opening.outcome = 'cancelled';
    if (socket.closing !== undefined) socket.closing.outcome = 'cancelled';
    for (const operation of socket.reads.list()) operation.outcome = 'cancelled';
    for (const operation of socket.writes.list()) operation.outcome = 'cancelled';
  }

  #endEarly(operation: SocketOperation, outcome: 'cancelled' | 'expired'): void {
    const socket = this.#port.sockets.get(operation.socket);
    if (operation.status !== 'pending' || socket === undefined) return;
    if (operation.outcome !== 'done') return;
    const { transport } = socket;
    if (operation === socket.opening || operation === socket.closing) {
      if (operation.kind === 'listen' || operation.kind === 'udpOpen') return;
      // A connection that is there already is given up all the same.
      if (transport.kind === 'tcp') abort(transport);
    } else if (!socket.reads.has(operation) && !socket.writes.has(operation)) {
      return;
    }
    operation.outcome = outcome;
    this.#port.look(socket);
  }

  // Completing.

  /** Both directions take turns in being first, so that neither can use up every turn. */
  #serve(socket: SimSocket): void {
    if (socket.opening !== undefined) this.#serveOpening(socket, socket.opening);
    const { reads, writes } = socket;
    const readsFirst = (this.loop.turn & 1) === 0;
    this.#drain(socket, readsFirst ? reads : writes);
    this.#drain(socket, readsFirst ? writes : reads);
    if (socket.closed) this.#serveClosing(socket);
  }

  #serveOpening(socket: SimSocket, operation: OpenOperation): void {
    const { transport } = socket;
    if (operation.outcome === 'done' && transport.kind === 'tcp') {
      if (transport.fault !== undefined) failed(operation, transport.fault);
      else if (!transport.synchronized) return;
    }
    socket.opening = undefined;
    if (operation.outcome !== 'done') this.#port.remove(socket);
    this.loop.forgetDeadline(operation);
    this.#port.note(operation, 0);
    this.loop.deliver(operation, operation.outcome);
  }

  #drain(socket: SimSocket, queue: OperationQueue): void {
    for (let next = queue.first; next !== undefined; next = queue.first) {
      if (!this.#port.hasBudget(socket)) return;
      const decided = next.outcome !== 'done';
      if (!decided && !attempt(this.#port, socket, next, true)) break;
      queue.shift();
      this.#complete(socket, next);
    }
    while (this.#port.hasBudget(socket)) {
      const ended = queue.takeEnded();
      if (ended === undefined) return;
      this.#complete(socket, ended);
    }
  }

  #complete(socket: SimSocket, operation: SocketOperation): void {
    socket.completions += 1;
    endSending(socket, operation);
    const lent = lentBytes(operation);
    this.#port.note(operation, lent);
    if (socket.transport.kind === 'listener') {
      this.loop.forgetDeadline(operation);
      this.loop.completeLast(operation, operation.outcome);
      return;
    }
    this.#rememberDeadline(socket, operation);
    this.#port.lent(lent);
    this.loop.deliver(operation, operation.outcome);
    this.#port.poison();
  }

  /** A deadline stays queued, lazily, for the next use; one operation per direction may have one. */
  #rememberDeadline(socket: SimSocket, operation: SocketOperation): void {
    const reading = directionOf(operation.kind) === 'read';
    const last = reading ? socket.lastRead : socket.lastWrite;
    if (last === operation) return;
    if (last !== undefined && last.status !== 'pending') this.loop.forgetDeadline(last);
    if (reading) socket.lastRead = operation;
    else socket.lastWrite = operation;
  }

  /** Last of all: everything that was pending has ended, and so has the lingering. */
  #serveClosing(socket: SimSocket): void {
    const { reads, writes, opening, closing } = socket;
    if (reads.first !== undefined || writes.first !== undefined || opening !== undefined) return;
    if (!lingeringEnds(socket)) return;
    socket.closing = undefined;
    this.#port.remove(socket);
    if (closing === undefined) return;
    this.loop.forgetDeadline(closing);
    this.#port.note(closing, 0);
    // Accepts complete late in a turn, and this may not overtake them.
    if (socket.transport.kind === 'listener') this.loop.completeLast(closing, closing.outcome);
    else this.loop.deliver(closing, closing.outcome);
  }
}
