import type { Capabilities } from '../capabilities.ts';
import type { Endpoint } from '../endpoint.ts';
import type { EventLoop } from '../event-loop.ts';
import { CLOSED, type Fault, ownFault } from '../fault.ts';
import { lacking } from '../lacking.ts';
import {
  begin,
  type CloseOperation,
  directionOf,
  type Holder,
  NO_SOCKET,
  type Operation,
  type SocketId,
  type SocketOperation,
  type SpliceOperation,
} from '../operation.ts';
import type { Counters } from '../port.ts';
import type { ProactorPort } from '../proactor.ts';
import type { ReactorPort } from '../reactor.ts';
import type { SlotMap } from '../slot-map.ts';
import { clearProgress, isLent, isOpening, type OpenOperation } from './kinds.ts';
import type { Lane } from './lane.ts';
import { LaneRunner } from './lane-runner.ts';

/**
 * The proactor's face of a reactor: attempt; would block: wait on that direction alone; attempt
 * again. What writes and opens is attempted inside `submit` and completes soon. What reads is
 * attempted at the end of the turn and handed over at once, as its view is lent until then only.
 */
export function proactorFrom(reactor: ReactorPort): ProactorPort {
  return new BridgedProactor(reactor);
}

class BridgedProactor implements ProactorPort, Holder {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly counters: Counters;
  readonly loop: EventLoop;
  readonly #reactor: ReactorPort;
  readonly #runner: LaneRunner;
  readonly #sockets: SlotMap<Lane>;
  #closed = false;

  constructor(reactor: ReactorPort) {
    this.name = `proactorFrom(${reactor.name})`;
    this.capabilities = reactor.capabilities;
    this.counters = reactor.counters;
    this.loop = reactor.loop;
    this.#reactor = reactor;
    this.#runner = new LaneRunner(reactor, reactor.loop, this);
    this.#sockets = this.#runner.sockets;
  }

  get openSockets(): number {
    return this.#reactor.openSockets;
  }

  localEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#reactor.localEndpoint(socket);
  }

  remoteEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#reactor.remoteEndpoint(socket);
  }

  submit(operation: Operation): void {
    if (operation.kind === 'timer') {
      this.loop.submitTimer(operation);
      return;
    }
    begin(operation, this);
    clearProgress(operation);
    if (this.#closed) this.#refuse(operation);
    else if (isOpening(operation)) this.#open(operation);
    else if (operation.kind === 'close') this.#close(operation);
    else if (operation.kind === 'splice' && this.capabilities.splice === 'none') {
      this.#refuse(operation, ownFault('unsupported', operation.kind));
    } else this.#transfer(operation);
  }

  cancel(operation: Operation): void {
    if (operation.kind === 'timer') this.loop.cancelTimer(operation);
    else if (operation.status === 'pending' && this.#withdraw(operation)) {
      this.#runner.settle(operation, 'cancelled');
    }
  }

  expire(operation: Operation): void {
    if (operation.kind === 'splice') this.#tellSide(operation);
    if (operation.kind === 'timer' || !this.#withdraw(operation)) return;
    operation.holder = undefined;
    if (isOpening(operation)) operation.socket = NO_SOCKET;
    this.loop.deliver(operation, 'expired');
  }

  /** Which side was waited for in vain. */
  #tellSide(splice: SpliceOperation): void {
    const waits = this.#sockets.get(splice.socket)?.read.cross?.waiting;
    splice.faultSide = waits ? 'to' : 'socket';
  }

  close(onClosed?: () => void): void {
    if (!this.#closed) {
      this.#closed = true;
      for (const lanes of this.#sockets.entries()) this.#cancelAll(lanes);
      this.#sockets.clear();
    }
    this.#reactor.close(onClosed);
  }

  #transfer(operation: SocketOperation): void {
    const lanes = this.#sockets.get(operation.socket);
    if (lanes === undefined || lanes.closing) {
      this.#refuse(operation);
      return;
    }
    if (directionOf(operation.kind) === 'read') this.#runner.read(lanes, operation);
    else this.#runner.write(lanes, operation);
  }

  #open(operation: OpenOperation): void {
    operation.socket = NO_SOCKET;
    const answer = this.#runner.attempt(operation);
    if (answer === 'completed') {
      this.#runner.settle(operation, operation.outcome);
      return;
    }
    const lane = this.#runner.add(operation.socket).lane('write');
    lane.push(operation);
    lane.attempted = true;
    this.#runner.wait(lane, answer);
    this.loop.watchDeadline(operation);
  }

  #close(operation: CloseOperation): void {
    const lanes = this.#sockets.get(operation.socket);
    if (lanes === undefined || lanes.closing) {
      this.#refuse(operation);
      return;
    }
    const missing = lacking(operation, this.capabilities);
    if (missing !== undefined) {
      this.#refuse(operation, missing);
      return;
    }
    lanes.closing = true;
    if (this.#cancelAll(lanes)) {
      this.#runner.settle(operation, 'done', lanes); // It was being opened, and is gone already.
      return;
    }
    const answer = this.#runner.attempt(operation);
    if (answer === 'completed') {
      this.#runner.settle(operation, operation.outcome, lanes);
      return;
    }
    lanes.read.push(operation);
    lanes.read.attempted = true;
    this.#runner.wait(lanes.read, answer);
    this.loop.watchDeadline(operation);
  }

  /** Cancels everything of a socket. `true`: that was its opening, so the socket is gone. */
  #cancelAll({ read, write }: Lane): boolean {
    this.#cancelLane(read);
    return write !== undefined && this.#cancelLane(write);
  }

  /** `true`: an opening was among what was cancelled; it stands where writing waits. */
  #cancelLane(lane: Lane): boolean {
    let wasOpening = false;
    for (let operation = lane.first; operation !== undefined; operation = lane.first) {
      if (isOpening(operation)) wasOpening = true;
      this.#runner.takeOut(lane, operation);
      this.loop.forgetDeadline(operation);
      this.#runner.settle(operation, 'cancelled');
    }
    return wasOpening;
  }

  /** Takes a queued operation back from its lane. `false`: it has its answer already. */
  #withdraw(operation: SocketOperation): boolean {
    const lanes = operation.holder === this ? this.#sockets.get(operation.socket) : undefined;
    if (lanes === undefined) return false;
    const writes = directionOf(operation.kind) === 'write' || isOpening(operation);
    const lane = lanes.lane(writes ? 'write' : 'read');
    if (!this.#runner.takeOut(lane, operation)) return false;
    if (operation.kind === 'close' || isOpening(operation)) this.#runner.forget(lanes);
    else if (isLent(operation)) lane.leave(operation);
    return true;
  }

  #refuse(operation: SocketOperation, fault: Fault = CLOSED): void {
    operation.fault = fault;
    this.#runner.settle(operation, 'failed');
  }
}
