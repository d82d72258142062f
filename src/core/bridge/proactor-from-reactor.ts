import { SCRATCH_BYTES } from '../buffer-pool.ts';
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
  type Outcome,
  type SocketId,
  type SocketOperation,
  type SpliceOperation,
} from '../operation.ts';
import type { Counters } from '../port.ts';
import type { ProactorPort } from '../proactor.ts';
import { type Attempt, type Direction, makeWatch, type ReactorPort } from '../reactor.ts';
import { clearProgress, isEnd, isLent, isOpening, madeBy, type OpenOperation } from './kinds.ts';
import { type Lane, SocketLanes } from './lane.ts';
import { PartialRecv, roomOf } from './partial-recv.ts';

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
  /** Every socket that this bridge has opened or accepted, until it is gone. */
  readonly #sockets = new Map<SocketId, SocketLanes>();
  readonly #runLane = (lane: Lane): void => this.#run(lane);
  #closed = false;

  constructor(reactor: ReactorPort) {
    this.name = `proactorFrom(${reactor.name})`;
    this.capabilities = reactor.capabilities;
    this.counters = reactor.counters;
    this.loop = reactor.loop;
    this.#reactor = reactor;
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
      this.#settle(operation, 'cancelled');
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
      for (const lanes of this.#sockets.values()) this.#cancelAll(lanes);
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
    const direction = directionOf(operation.kind);
    if (direction === 'read') this.#read(lanes, operation);
    else if (lanes.write === undefined) this.#writeAtOnce(lanes, operation);
    else this.#write(lanes.write, operation);
  }

  #read(lanes: SocketLanes, operation: SocketOperation): void {
    if (operation.kind === 'accept') lanes.listener = true;
    const lane = lanes.read;
    lane.push(operation);
    if (lane.first === operation && !lane.running && !lane.blocked) {
      if (lane.drained) this.#wait(lane, 'read');
      else this.loop.flushAtTurnEnd(lane);
    }
    this.loop.watchDeadline(operation);
  }

  /** Nothing was ever queued here for writing: most sockets take all that they are given at once. */
  #writeAtOnce(lanes: SocketLanes, operation: SocketOperation): void {
    const answer = lanes.hasSpent(this.loop.deliveryTurn) ? undefined : this.#attempt(operation);
    if (answer === 'completed') {
      this.#settle(operation, operation.outcome, lanes);
      return;
    }
    const lane = lanes.lane('write');
    lane.push(operation);
    lane.attempted = answer !== undefined;
    if (answer === undefined) this.loop.flushAtTurnEnd(lane);
    else this.#wait(lane, answer);
    this.loop.watchDeadline(operation);
  }

  #write(lane: Lane, operation: SocketOperation): void {
    lane.push(operation);
    if (lane.first === operation && !lane.running && !lane.blocked) this.#run(lane);
    if (operation.holder === this) this.loop.watchDeadline(operation);
  }

  /** Attempts the lane's operations in order, until one would block or the turn's share is used. */
  #run(lane: Lane): void {
    if (lane.running) return;
    lane.running = true;
    try {
      for (;;) {
        const operation = lane.first;
        if (operation === undefined || lane.blocked) break;
        if (lane.lanes.hasSpent(this.loop.deliveryTurn) || lane.isLeaving) {
          this.loop.flushAtTurnEnd(lane);
          break;
        }
        if (lane.drained) this.#wait(lane, lane.direction);
        else this.#attemptFirst(lane, operation);
      }
    } finally {
      lane.running = false;
    }
  }

  #attemptFirst(lane: Lane, operation: SocketOperation): void {
    if (operation.kind === 'recv' && operation.minBytes > 1 && operation.into !== undefined) {
      lane.partial = new PartialRecv(operation, operation.into);
    }
    const answer = this.#attempt(operation);
    if (answer !== 'completed') {
      lane.attempted = true;
      this.#wait(lane, answer);
      return;
    }
    const { outcome } = operation;
    if (operation.kind === 'recv') {
      const room = operation.into === undefined ? SCRATCH_BYTES : roomOf(operation.into);
      lane.drained = outcome === 'done' && operation.bytes < room;
      if (lane.partial?.take(outcome) === false) return;
      lane.partial?.restore();
      lane.partial = undefined;
    }
    lane.shift();
    this.#settle(operation, outcome, lane.lanes);
  }

  /** One attempt. The operation stays pending for its owner; how it went is its `outcome`. */
  #attempt(operation: SocketOperation): Attempt {
    operation.status = 'idle';
    const answer = this.#reactor.attempt(operation);
    const { status } = operation;
    if (status !== 'idle' && status !== 'pending') operation.outcome = status;
    operation.status = 'pending';
    operation.holder = this;
    return answer;
  }

  #wait(lane: Lane, direction: Direction): void {
    if (direction === lane.direction) {
      this.#reactor.wait(lane);
      return;
    }
    const cross = lane.cross ?? makeWatch(direction, () => this.#run(lane));
    const { first } = lane;
    cross.socket = first?.kind === 'splice' ? first.to : lane.socket;
    lane.cross = cross;
    this.#reactor.wait(cross);
  }

  #unwait(lane: Lane): void {
    if (lane.waiting) this.#reactor.unwait(lane);
    if (lane.cross?.waiting) this.#reactor.unwait(lane.cross);
  }

  #open(operation: OpenOperation): void {
    operation.socket = NO_SOCKET;
    const answer = this.#attempt(operation);
    if (answer === 'completed') {
      this.#settle(operation, operation.outcome);
      return;
    }
    const lane = this.#add(operation.socket).lane('write');
    lane.push(operation);
    lane.attempted = true;
    this.#wait(lane, answer);
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
      this.#settle(operation, 'done', lanes); // It was being opened, and is gone already.
      return;
    }
    const answer = this.#attempt(operation);
    if (answer === 'completed') {
      this.#settle(operation, operation.outcome, lanes);
      return;
    }
    lanes.read.push(operation);
    lanes.read.attempted = true;
    this.#wait(lanes.read, answer);
    this.loop.watchDeadline(operation);
  }

  /** Cancels everything of a socket. `true`: that was its opening, so the socket is gone. */
  #cancelAll(lanes: SocketLanes): boolean {
    let wasOpening = false;
    for (const lane of [lanes.read, lanes.write]) {
      for (let operation = lane?.first; lane && operation; operation = lane.first) {
        if (isOpening(operation)) wasOpening = true;
        this.#takeOut(lane, operation);
        this.loop.forgetDeadline(operation);
        this.#settle(operation, 'cancelled');
      }
    }
    return wasOpening;
  }

  /** Takes a queued operation back from its lane. `false`: it has its answer already. */
  #withdraw(operation: SocketOperation): boolean {
    const lanes = operation.holder === this ? this.#sockets.get(operation.socket) : undefined;
    if (lanes === undefined) return false;
    const writes = directionOf(operation.kind) === 'write' || isOpening(operation);
    const lane = lanes.lane(writes ? 'write' : 'read');
    if (!this.#takeOut(lane, operation)) return false;
    if (operation.kind === 'close' || isOpening(operation)) this.#forget(lanes);
    else if (isLent(operation)) lane.leave(operation);
    return true;
  }

  #takeOut(lane: Lane, operation: SocketOperation): boolean {
    const isFirst = lane.first === operation;
    const begun = isFirst && lane.attempted;
    if (!lane.remove(operation)) return false;
    const splices = isFirst && operation.kind === 'splice';
    if (lane.first === undefined || splices) this.#unwait(lane);
    if (begun) {
      this.#reactor.abandon(operation);
      operation.status = 'pending';
      operation.holder = this;
    }
    if (isFirst) {
      lane.partial?.restore();
      lane.partial = undefined;
    }
    // Those behind it do not wait for the other socket.
    if (splices && lane.first !== undefined) this.loop.flushAtTurnEnd(lane);
    return true;
  }

  #refuse(operation: SocketOperation, fault: Fault = CLOSED): void {
    operation.fault = fault;
    this.#settle(operation, 'failed');
  }

  /** Hands the answer over. Without a holder, an operation is on its way to its owner. */
  #settle(operation: SocketOperation, outcome: Outcome, lanes?: SocketLanes): void {
    operation.holder = undefined;
    if (lanes !== undefined) {
      lanes.spend(this.loop.deliveryTurn);
      if (operation.kind === 'close') lanes.closing = outcome !== 'failed';
      if (isEnd(operation, outcome)) this.#forget(lanes);
    }
    const made = madeBy(operation, outcome);
    if (made !== NO_SOCKET && !this.#sockets.has(made)) this.#add(made);
    if (isOpening(operation) && outcome !== 'done') operation.socket = NO_SOCKET;
    if (operation.kind === 'accept' || lanes?.listener) this.loop.completeLast(operation, outcome);
    else if (lanes !== undefined && isLent(operation)) this.loop.deliver(operation, outcome);
    else this.loop.completeSoon(operation, outcome);
  }

  #forget({ socket, read, write }: SocketLanes): void {
    this.#sockets.delete(socket);
    for (const lane of [read, write]) {
      const last = lane?.last;
      if (last !== undefined && last.status !== 'pending') this.loop.forgetDeadline(last);
    }
  }

  #add(socket: SocketId): SocketLanes {
    const lanes = new SocketLanes(socket, this.#runLane);
    this.#sockets.set(socket, lanes);
    return lanes;
  }
}
