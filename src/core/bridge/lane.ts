import type { Flushable } from '../event-loop.ts';
import type { Operation, SocketId, SocketOperation } from '../operation.ts';
import type { Direction, Watch } from '../reactor.ts';
import { RingQueue } from '../ring-queue.ts';
import { AcceptPace } from './accept-pace.ts';
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
  /** Of a listener. */
  pace: AcceptPace | undefined;
}

/** Law 12: a busy socket leaves the rest of the turn to the others. */
const COMPLETIONS_PER_TURN_MAX = 32;

/**
 * The operations of one socket and direction, oldest first: only the first is attempted. A lane
 * is its own watch and its own flush point, so that waiting and speculating make no object. What
 * concerns the whole socket is kept by its reading lane, as most sockets have no other.
 *
 *   submit → [first | rest …] ──attempt──→ completed
 *               ↑ would block: wait ─→ onReady
 */
export class Lane implements Watch, Flushable {
  readonly socket: SocketId;
  /** The lane that reads: this one or the other one. */
  readonly read: Lane;
  waiting = false;
  flushAsked = false;
  /** The first operation would block: the reactor may hold what it has begun. */
  attempted = false;
  /** The lane's own completions are being delivered; what they submit is found by that loop. */
  running = false;
  /** The last read was short, so the socket is known to be empty: an attempt would be wasted. */
  drained = false;
  /** Of the reading lane: a close was submitted, and everything after it fails. */
  closing = false;
  /** Went last: its deadline may still be queued when the socket is gone. */
  last: Operation | undefined;
  first: SocketOperation | undefined;
  /** Of the reading lane: the one that writes, made when something has to wait there. */
  write: Lane | undefined;
  readonly #run: RunLane;
  #seldom: Seldom | undefined;
  #turn = 0;
  #completions = 0;

  /** `read`: makes the lane that writes, beside that one. */
  constructor(socket: SocketId, run: RunLane, read?: Lane) {
    this.socket = socket;
    this.read = read ?? this;
    this.#run = run;
  }

  get direction(): Direction {
    return this.read === this ? 'read' : 'write';
  }

  /** The socket's lane for a direction. */
  lane(direction: Direction): Lane {
    const { read } = this;
    if (direction === 'read') return read;
    read.write ??= new Lane(this.socket, this.#run, read);
    return read.write;
  }

  get blocked(): boolean {
    return this.waiting || this.#seldom?.cross?.waiting === true;
  }

  get cross(): Watch | undefined {
    return this.#seldom?.cross;
  }

  set cross(watch: Watch) {
    this.#rare.cross = watch;
  }

  get partial(): PartialRecv | undefined {
    return this.#seldom?.partial;
  }

  set partial(partial: PartialRecv | undefined) {
    if (this.#seldom === undefined && partial === undefined) return;
    this.#rare.partial = partial;
  }

  /** It has become a listener's. */
  acceptsFrom(): void {
    this.#rare.pace ??= new AcceptPace();
  }

  /** Its completions come after all others of a turn, and its close after those. */
  get listener(): boolean {
    return this.read.#seldom?.pace !== undefined;
  }

  /** Of a listener's lane. */
  get pace(): AcceptPace {
    return this.#seldom?.pace as AcceptPace;
  }

  /** `operation` was taken out and is on its way to its owner: what is behind it waits for that. */
  leave(operation: SocketOperation): void {
    this.#rare.leaving = operation;
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
    if (this.first === undefined) this.first = operation;
    else this.#rare.rest.push(operation);
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

  /** Has this socket had all its completions of `turn`? */
  hasSpent(turn: number): boolean {
    const { read } = this;
    return read.#turn === turn && read.#completions >= COMPLETIONS_PER_TURN_MAX;
  }

  spend(turn: number): void {
    const { read } = this;
    if (read.#turn !== turn) {
      read.#turn = turn;
      read.#completions = 0;
    }
    read.#completions += 1;
  }

  onReady(): void {
    this.drained = false;
    this.#run(this);
  }

  flush(): void {
    this.#run(this);
  }

  get #rare(): Seldom {
    this.#seldom ??= new Seldom();
    return this.#seldom;
  }
}
