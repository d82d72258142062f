import type { Flushable } from '../event-loop.ts';
import type { Operation, SocketId, SocketOperation } from '../operation.ts';
import type { Direction, Watch } from '../reactor.ts';
import { RingQueue } from '../ring-queue.ts';
import type { PartialRecv } from './partial-recv.ts';

/** Runs when an attempt of the lane's first operation is worth making. */
export type RunLane = (lane: Lane) => void;

/** What few lanes ever need, so that the others do not carry it. */
class Seldom {
  /** The operations behind the first. */
  readonly rest: RingQueue<SocketOperation> = new RingQueue();
  /** For an operation that would block on the other direction. */
  cross: Watch | undefined;
  /** Ended early and not yet delivered: its successors must not overtake it. */
  leaving: Operation | undefined;
  /** Set while the first operation is a receive with a minimum. */
  partial: PartialRecv | undefined;
}

/**
 * The operations of one socket and direction, oldest first: only the first is attempted. A lane
 * is its own watch and its own flush point, so that waiting and speculating make no object.
 *
 *   submit → [first | rest …] ──attempt──→ completed
 *               ↑ would block: wait ─→ onReady
 */
export class Lane implements Watch, Flushable {
  readonly lanes: SocketLanes;
  waiting = false;
  flushAsked = false;
  /** The first operation would block: the reactor may hold what it has begun. */
  attempted = false;
  /** The lane's own completions are being delivered; what they submit is found by that loop. */
  running = false;
  /** The last read was short, so the socket is known to be empty: an attempt would be wasted. */
  drained = false;
  /** Went last: its deadline may still be queued when the socket is gone. */
  last: Operation | undefined;
  first: SocketOperation | undefined;
  #seldom: Seldom | undefined;

  constructor(lanes: SocketLanes) {
    this.lanes = lanes;
  }

  get direction(): Direction {
    return this.lanes.read === this ? 'read' : 'write';
  }

  get socket(): SocketId {
    return this.lanes.socket;
  }

  get blocked(): boolean {
    return this.waiting || this.#seldom?.cross?.waiting === true;
  }

  get cross(): Watch | undefined {
    return this.#seldom?.cross;
  }

  set cross(watch: Watch) {
    this.#seldom ??= new Seldom();
    this.#seldom.cross = watch;
  }

  get partial(): PartialRecv | undefined {
    return this.#seldom?.partial;
  }

  set partial(partial: PartialRecv | undefined) {
    if (this.#seldom === undefined && partial === undefined) return;
    this.#seldom ??= new Seldom();
    this.#seldom.partial = partial;
  }

  /** `operation` was taken out and is on its way to its owner: what is behind it waits for that. */
  leave(operation: SocketOperation): void {
    this.#seldom ??= new Seldom();
    this.#seldom.leaving = operation;
  }

  /** Is an operation still to be delivered that ended before the first one? */
  get isLeaving(): boolean {
    const seldom = this.#seldom;
    if (seldom?.leaving === undefined) return false;
    if (seldom.leaving.status === 'pending' && seldom.leaving.holder === undefined) return true;
    seldom.leaving = undefined;
    return false;
  }

  push(operation: SocketOperation): void {
    if (this.first === undefined) {
      this.first = operation;
      return;
    }
    this.#seldom ??= new Seldom();
    this.#seldom.rest.push(operation);
  }

  shift(): void {
    this.last = this.first;
    this.first = this.#seldom?.rest.shift();
    this.attempted = false;
  }

  /** Takes an operation out, wherever it stands. Costs a walk. */
  remove(operation: SocketOperation): boolean {
    if (this.first !== operation) return this.#seldom?.rest.remove(operation) === true;
    this.shift();
    return true;
  }

  onReady(): void {
    this.drained = false;
    this.lanes.run(this);
  }

  flush(): void {
    this.lanes.run(this);
  }
}

/** Law 12: a busy socket leaves the rest of the turn to the others. */
const COMPLETIONS_PER_TURN_MAX = 32;

/** What a proactor's bridge knows of one socket. */
export class SocketLanes {
  readonly socket: SocketId;
  readonly run: RunLane;
  readonly read: Lane;
  /** Made when something is written. */
  write: Lane | undefined;
  /** A close was submitted: everything after it fails. */
  closing = false;
  /** Its completions come after all others of a turn, and its close after those. */
  listener = false;
  #turn = 0;
  #completions = 0;

  constructor(socket: SocketId, run: RunLane) {
    this.socket = socket;
    this.run = run;
    this.read = new Lane(this);
  }

  lane(direction: Direction): Lane {
    if (direction === 'read') return this.read;
    this.write ??= new Lane(this);
    return this.write;
  }

  /** Has this socket had all its completions of `turn`? */
  hasSpent(turn: number): boolean {
    return this.#turn === turn && this.#completions >= COMPLETIONS_PER_TURN_MAX;
  }

  spend(turn: number): void {
    if (this.#turn !== turn) {
      this.#turn = turn;
      this.#completions = 0;
    }
    this.#completions += 1;
  }
}
