import type { Flushable } from '../event-loop.ts';
import type { Operation, SocketId, SocketOperation } from '../operation.ts';
import type { Direction, Watch } from '../reactor.ts';
import { RingQueue } from '../ring-queue.ts';
import type { PartialRecv } from './partial-recv.ts';

/** Runs when an attempt of the lane's first operation is worth making. */
export type RunLane = (lane: Lane) => void;

/**
 * The operations of one socket and direction, oldest first: only the first is attempted. A lane
 * is its own watch and its own flush point, so that waiting and speculating make no object.
 *
 *   submit → [first | rest …] ──attempt──→ completed
 *               ↑ would block: wait ─→ onReady
 */
export class Lane implements Watch, Flushable {
  readonly direction: Direction;
  readonly lanes: SocketLanes;
  socket: SocketId;
  waiting = false;
  flushAsked = false;
  /** For an operation that would block on the other direction: made when the first one does. */
  cross: Watch | undefined;
  /** The first operation would block: the reactor may hold what it has begun. */
  attempted = false;
  /** The lane's own completions are being delivered; what they submit is found by that loop. */
  running = false;
  /** The last read was short, so the socket is known to be empty: an attempt would be wasted. */
  drained = false;
  /** Ended early and not yet delivered: its successors must not overtake it. */
  leaving: Operation | undefined;
  /** Went last: its deadline may still be queued when the socket is gone. */
  last: Operation | undefined;
  /** Set while the first operation is a receive with a minimum. */
  partial: PartialRecv | undefined;
  readonly #run: RunLane;
  #first: SocketOperation | undefined;
  /** Made when a second operation comes: most lanes never have two. */
  #rest: RingQueue<SocketOperation> | undefined;

  constructor(lanes: SocketLanes, direction: Direction, run: RunLane) {
    this.lanes = lanes;
    this.direction = direction;
    this.socket = lanes.socket;
    this.#run = run;
  }

  get first(): SocketOperation | undefined {
    return this.#first;
  }

  get blocked(): boolean {
    return this.waiting || this.cross?.waiting === true;
  }

  /** Is an operation still to be delivered that ended before the first one? */
  get isLeaving(): boolean {
    if (this.leaving?.status === 'pending' && this.leaving.holder === undefined) return true;
    this.leaving = undefined;
    return false;
  }

  push(operation: SocketOperation): void {
    if (this.#first === undefined) {
      this.#first = operation;
      return;
    }
    this.#rest ??= new RingQueue();
    this.#rest.push(operation);
  }

  shift(): SocketOperation | undefined {
    const first = this.#first;
    this.last = first;
    this.#first = this.#rest?.shift();
    this.attempted = false;
    return first;
  }

  /** Takes an operation out, wherever it stands. Costs a walk. */
  remove(operation: SocketOperation): boolean {
    if (this.#first !== operation) return this.#rest?.remove(operation) === true;
    this.shift();
    return true;
  }

  onReady(): void {
    this.drained = false;
    this.#run(this);
  }

  flush(): void {
    this.#run(this);
  }
}

/** Law 12: a busy socket leaves the rest of the turn to the others. */
const COMPLETIONS_PER_TURN_MAX = 32;

/** What a proactor's bridge knows of one socket. */
export class SocketLanes {
  readonly socket: SocketId;
  readonly read: Lane;
  readonly write: Lane;
  /** A close was submitted: everything after it fails. */
  closing = false;
  /** Its completions come after all others of a turn, and its close after those. */
  listener = false;
  #turn = 0;
  #completions = 0;

  constructor(socket: SocketId, run: RunLane) {
    this.socket = socket;
    this.read = new Lane(this, 'read', run);
    this.write = new Lane(this, 'write', run);
  }

  get empty(): boolean {
    return this.read.first === undefined && this.write.first === undefined;
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
