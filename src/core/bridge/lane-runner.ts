import { SCRATCH_BYTES } from '../buffer-pool.ts';
import type { EventLoop } from '../event-loop.ts';
import {
  type Holder,
  NO_SOCKET,
  type Operation,
  type Outcome,
  type SocketId,
  type SocketOperation,
} from '../operation.ts';
import { type Attempt, type Direction, makeWatch, type Reactor } from '../reactor.ts';
import { SlotMap } from '../slot-map.ts';
import { isEnd, isLent, isOpening, madeBy } from './kinds.ts';
import { Lane } from './lane.ts';
import { PartialRecv, roomOf } from './partial-recv.ts';

/**
 * Attempts what stands in the lanes of a bridge's sockets: the first of each lane, until it would
 * block, then again when the reactor says that it is worth it.
 *
 *   push → attempt ──completed──→ settle → the caller's `onComplete`
 *             ↑ would block: wait
 */
export class LaneRunner {
  /** Every socket that the bridge has opened or accepted, until it is gone. */
  readonly sockets: SlotMap<Lane> = new SlotMap();
  readonly #reactor: Reactor;
  readonly #loop: EventLoop;
  readonly #holder: Holder;
  readonly #runLane = (lane: Lane): void => this.#run(lane);

  /** `holder`: who is told when a deadline has passed. */
  constructor(reactor: Reactor, loop: EventLoop, holder: Holder) {
    this.#reactor = reactor;
    this.#loop = loop;
    this.#holder = holder;
  }

  /** Queues what reads; it is attempted at the end of the turn. */
  read(lanes: Lane, operation: SocketOperation): void {
    const lane = lanes.read;
    if (operation.kind === 'accept') lane.acceptsFrom();
    else if (lane.listener) lane.drained = false; // What does not fit fails without a wait.
    lane.push(operation);
    if (lane.first === operation && !lane.running && !lane.blocked) {
      if (lane.drained) this.wait(lane, 'read');
      else this.#loop.flushAtTurnEnd(lane);
    }
    this.#loop.watchDeadline(operation);
  }

  /** Queues what writes, and attempts it at once where nothing stands before it. */
  write(lanes: Lane, operation: SocketOperation): void {
    if (lanes.write === undefined) this.#writeAtOnce(lanes, operation);
    else this.#push(lanes.write, operation);
  }

  /** Nothing was ever queued here for writing: most sockets take all that they are given at once. */
  #writeAtOnce(lanes: Lane, operation: SocketOperation): void {
    const answer = lanes.hasSpent(this.#loop.deliveryTurn) ? undefined : this.attempt(operation);
    if (answer === 'completed') {
      this.settle(operation, operation.outcome, lanes);
      return;
    }
    const lane = lanes.lane('write');
    lane.push(operation);
    lane.attempted = answer !== undefined;
    if (answer === undefined) this.#loop.flushAtTurnEnd(lane);
    else this.wait(lane, answer);
    this.#loop.watchDeadline(operation);
  }

  #push(lane: Lane, operation: SocketOperation): void {
    lane.push(operation);
    if (lane.first === operation && !lane.running && !lane.blocked) this.#run(lane);
    if (operation.holder === this.#holder) this.#loop.watchDeadline(operation);
  }

  /** Attempts the lane's operations in order, until one would block or the turn's share is used. */
  #run(lane: Lane): void {
    if (lane.running) return;
    lane.running = true;
    try {
      for (;;) {
        const operation = lane.first;
        if (operation === undefined || lane.blocked) break;
        if (lane.hasSpent(this.#loop.deliveryTurn) || lane.isLeaving) {
          this.#loop.flushAtTurnEnd(lane);
          break;
        }
        if (lane.drained) this.wait(lane, lane.direction);
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
    const answer = this.attempt(operation);
    if (answer !== 'completed') {
      lane.attempted = true;
      this.wait(lane, answer);
      return;
    }
    const { outcome } = operation;
    if (operation.kind === 'accept') {
      lane.drained = outcome === 'done' && !lane.pace.goesOn(this.#loop.turn);
    } else if (operation.kind === 'recv') {
      const room = operation.into === undefined ? SCRATCH_BYTES : roomOf(operation.into);
      lane.drained = outcome === 'done' && operation.bytes < room;
      if (lane.partial?.take(outcome) === false) return;
      lane.partial?.restore();
      lane.partial = undefined;
    }
    lane.shift();
    this.settle(operation, outcome, lane);
  }

  /** One attempt. The operation stays pending for its owner; how it went is its `outcome`. */
  attempt(operation: SocketOperation): Attempt {
    operation.status = 'idle';
    const answer = this.#reactor.attempt(operation);
    const { status } = operation;
    if (status !== 'idle' && status !== 'pending') operation.outcome = status;
    operation.status = 'pending';
    operation.holder = this.#holder;
    return answer;
  }

  /** Attempts again when `direction` is ready: the lane's own, or that of another socket. */
  wait(lane: Lane, direction: Direction): void {
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

  /** Takes an operation out, and back from the reactor. `false`: it is not there. */
  takeOut(lane: Lane, operation: SocketOperation): boolean {
    const isFirst = lane.first === operation;
    const begun = isFirst && lane.attempted;
    if (!lane.remove(operation)) return false;
    const splices = isFirst && operation.kind === 'splice';
    if (lane.first === undefined || splices) this.#unwait(lane);
    if (begun) {
      this.#reactor.abandon(operation);
      operation.status = 'pending';
      operation.holder = this.#holder;
    }
    if (isFirst) {
      lane.partial?.restore();
      lane.partial = undefined;
    }
    // Those behind it do not wait for the other socket.
    if (splices && lane.first !== undefined) this.#loop.flushAtTurnEnd(lane);
    return true;
  }

  /** Hands the answer over. Without a holder, an operation is on its way to its owner. */
  settle(operation: SocketOperation, outcome: Outcome, lanes?: Lane): void {
    operation.holder = undefined;
    if (lanes !== undefined) {
      lanes.spend(this.#loop.deliveryTurn);
      if (operation.kind === 'close') lanes.closing = outcome !== 'failed';
      if (isEnd(operation, outcome)) this.forget(lanes);
    }
    const made = madeBy(operation, outcome);
    if (made !== NO_SOCKET && this.sockets.get(made) === undefined) this.add(made);
    if (isOpening(operation) && outcome !== 'done') operation.socket = NO_SOCKET;
    if (operation.kind === 'accept' || lanes?.listener) this.#loop.completeLast(operation, outcome);
    else if (lanes !== undefined && isLent(operation)) this.#loop.deliver(operation, outcome);
    else if (operation.kind === 'udpSend' && operation.relaxed && outcome === 'done') {
      this.#loop.completeRelaxed(operation);
    } else this.#loop.completeSoon(operation, outcome);
  }

  /** The socket is gone. */
  forget(lanes: Lane): void {
    this.sockets.remove(lanes.socket);
    this.#forgetDeadline(lanes.last);
    this.#forgetDeadline(lanes.write?.last);
  }

  #forgetDeadline(last: Operation | undefined): void {
    if (last !== undefined && last.status !== 'pending') this.#loop.forgetDeadline(last);
  }

  /** There is a new socket. */
  add(socket: SocketId): Lane {
    const lanes = new Lane(socket, this.#runLane);
    this.sockets.add(lanes);
    return lanes;
  }
}
