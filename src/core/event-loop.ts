import type { Clock } from './clock.ts';
import { DeadlineQueue } from './deadline-queue.ts';
import { begin, finish, type Operation, type Outcome, type TimerOperation } from './operation.ts';
import { RingQueue } from './ring-queue.ts';

/** Something that gathers during a turn and is sent at its end. `flushAsked` is the loop's own. */
export interface Flushable {
  flushAsked: boolean;
  flush(): void;
}

/** What a loop needs from its adapter. */
export interface LoopHost extends Clock {
  /** Asks for `endTurn` soon, from outside of a turn or for another one. */
  wake(): void;
  /**
   * Asks for `endTurn` at `dueMs`, or earlier. `keepAlive`: a timer waits that is not in the
   * background, not only deadlines.
   */
  wakeAt(dueMs: number, keepAlive: boolean): void;
  /** A callback threw. The loop goes on; the host decides what becomes of the error. */
  uncaught(error: unknown): void;
}

const TASKS_PER_TURN_MAX = 1024;
/** Posted and not yet run: more are refused. */
const TASKS_MAX = 1 << 20;
/** How often one turn delivers what its own flushes completed: more waits for the next turn. */
const ROUNDS_PER_TURN_MAX = 32;

/**
 * The order of one turn. The adapter waits for events and delivers what they complete; then
 * `endTurn` runs:
 *
 *   deferred completions → timers and deadlines → accepts → posted tasks → flush
 *        ↑________ what the flush completed, at most 32 rounds ________|
 *
 * Time stands still within a turn: `turnMs` is read once, when it begins.
 */
export class EventLoop implements Clock {
  readonly #host: LoopHost;
  readonly #due = new DeadlineQueue();
  readonly #soon = new RingQueue<Operation>();
  /** In front of those, but no reason for a turn. */
  readonly #relaxed = new RingQueue<Operation>();
  readonly #accepts = new RingQueue<Operation>();
  readonly #tasks = new RingQueue<() => void>();
  readonly #flushes = new RingQueue<Flushable>();
  #timers = 0;
  /** Those of them that keep no process alive. */
  #backgroundTimers = 0;
  #inTurn = false;
  #ending = false;
  #closed = false;
  /** Counts turns, so that budgets per turn need no reset. */
  turn = 0;
  /** When this turn began, in milliseconds on the port's clock. */
  turnMs: number;

  constructor(host: LoopHost) {
    this.#host = host;
    this.turnMs = host.nowMs();
  }

  nowMs(): number {
    return this.#host.nowMs();
  }

  get pendingTimers(): number {
    return this.#timers;
  }

  /** When `endTurn` has something to do because of time; `Infinity` when never. */
  get nextDueMs(): number {
    return this.#due.nextMs;
  }

  /** The turn in which what is completed soon will be delivered: budgets per turn count in it. */
  get deliveryTurn(): number {
    return this.#inTurn ? this.turn : this.turn + 1;
  }

  /** Is there work for `endTurn` that no event will announce? */
  get hasWork(): boolean {
    return this.#soon.size + this.#accepts.size + this.#tasks.size + this.#flushes.size > 0;
  }

  /** For adapters: a new turn begins; call it before the first completion is delivered. */
  beginTurn(): void {
    this.turn += 1;
    this.#inTurn = true;
    this.turnMs = this.#host.nowMs();
  }

  submitTimer(timer: TimerOperation): void {
    begin(timer, undefined);
    if (this.#closed) {
      this.completeSoon(timer, 'cancelled');
      return;
    }
    this.#timers += 1;
    if (timer.background) this.#backgroundTimers += 1;
    timer.outcome = 'done';
    this.#due.add(timer, Math.max(timer.atMs, this.#host.nowMs()));
    this.#askForTime();
  }

  cancelTimer(timer: TimerOperation): void {
    if (timer.status !== 'pending' || timer.dueIndex < 0 || timer.outcome === 'cancelled') return;
    timer.outcome = 'cancelled';
    this.#due.remove(timer);
    this.#due.add(timer, this.#host.nowMs());
    this.#askForTime();
  }

  /**
   * For ports: makes sure that the holder of a pending operation is told once its deadline has
   * passed. A later deadline than the one already queued costs a comparison and nothing else: the
   * queue looks at the operation again when the old one is due. A deadline that is past stands
   * behind all that was due before this turn, so that it cannot starve them.
   */
  watchDeadline(operation: Operation): void {
    const { deadlineMs } = operation;
    if (deadlineMs === 0) return;
    if (operation.dueIndex >= 0) {
      if (operation.dueMs <= deadlineMs) return;
      this.#due.remove(operation);
    }
    this.#due.add(operation, Math.max(deadlineMs, this.turnMs));
    this.#askForTime();
  }

  /** For ports: forgets the deadline of an operation whose socket is gone. */
  forgetDeadline(operation: Operation): void {
    if (operation.dueIndex >= 0) this.#due.remove(operation);
  }

  /** For ports: ends `operation` with `outcome`, but not inside the current call. */
  completeSoon(operation: Operation, outcome: Outcome): void {
    operation.ended = true;
    operation.outcome = outcome;
    this.#soon.push(operation);
    if (this.#soon.size === 1 && !this.#ending) this.#host.wake();
  }

  /** For ports: the same as `done`, with whatever turn comes next: this does not ask for one. */
  completeRelaxed(operation: Operation): void {
    // Who stands behind others stays there; and then there is a turn to come in any case.
    if (this.#closed || this.#soon.size > 0) {
      this.completeSoon(operation, 'done');
      return;
    }
    operation.ended = true;
    operation.outcome = 'done';
    this.#relaxed.push(operation);
  }

  /** The same, after all other completions of the turn: accepts wait behind reads. */
  completeLast(operation: Operation, outcome: Outcome): void {
    operation.ended = true;
    operation.outcome = outcome;
    this.#accepts.push(operation);
    if (this.#accepts.size === 1 && !this.#ending) this.#host.wake();
  }

  /** For ports: hands a completed operation back. An exception costs no other its completion. */
  deliver(operation: Operation, outcome: Outcome): void {
    try {
      finish(operation, outcome);
    } catch (error) {
      this.#host.uncaught(error);
    }
  }

  /** Runs `task` at the end of a turn, in order; of the next one when a task posts it. `false`: the loop has closed, or 2^20 tasks wait. */
  post(task: () => void): boolean {
    if (this.#closed || this.#tasks.size === TASKS_MAX) return false;
    this.#tasks.push(task);
    if (this.#tasks.size === 1 && !this.#ending) this.#host.wake();
    return true;
  }

  /** Calls `flushable.flush()` once, at the end of this turn. */
  flushAtTurnEnd(flushable: Flushable): void {
    if (flushable.flushAsked) return;
    flushable.flushAsked = true;
    this.#flushes.push(flushable);
    if (this.#flushes.size === 1 && !this.#ending) this.#host.wake();
  }

  /** For adapters: everything of a turn that is not an event. */
  endTurn(): void {
    this.#ending = true;
    try {
      this.#deliverSoon();
      this.#expire();
      this.#deliverAll(this.#accepts);
      this.#runTasks();
      this.#flushAll();
      for (let round = 1; this.#soon.size > 0 && round < ROUNDS_PER_TURN_MAX; round += 1) {
        this.#deliverSoon();
        this.#flushAll();
      }
    } finally {
      // Also when the host throws what it was told: what is left must not wait for an event.
      this.#ending = false;
      this.#inTurn = false;
      if (this.hasWork) this.#host.wake();
    }
  }

  /** For adapters: cancels the timers and refuses what is posted from now on. */
  close(): void {
    this.#closed = true;
    this.#hurryRelaxed();
    for (;;) {
      const operation = this.#due.takeAny();
      if (operation === undefined) break;
      if (operation.kind !== 'timer') continue;
      this.#forgetTimer(operation);
      this.completeSoon(operation, 'cancelled');
    }
  }

  /** No turn may come by itself any more. Where others wait already, these are in front of them. */
  #hurryRelaxed(): void {
    if (this.#soon.size > 0) return;
    for (let left = this.#relaxed.size; left > 0; left -= 1) {
      this.completeSoon(this.#relaxed.shift() as Operation, 'done');
    }
  }

  /** What was completed first comes first, hurried or not. */
  #deliverSoon(): void {
    this.#deliverAll(this.#relaxed);
    this.#deliverAll(this.#soon);
  }

  #deliverAll(queue: RingQueue<Operation>): void {
    for (let left = queue.size; left > 0; left -= 1) {
      const operation = queue.shift() as Operation;
      this.deliver(operation, operation.outcome);
    }
  }

  #runTasks(): void {
    for (let left = Math.min(this.#tasks.size, TASKS_PER_TURN_MAX); left > 0; left -= 1) {
      const task = this.#tasks.shift() as () => void;
      try {
        task();
      } catch (error) {
        this.#host.uncaught(error);
      }
    }
  }

  #flushAll(): void {
    for (let left = this.#flushes.size; left > 0; left -= 1) {
      const flushable = this.#flushes.shift() as Flushable;
      flushable.flushAsked = false;
      try {
        flushable.flush();
      } catch (error) {
        this.#host.uncaught(error);
      }
    }
  }

  /** What the callbacks submit waits for the next turn, however urgent. */
  #expire(): void {
    if (this.#due.nextMs === Number.POSITIVE_INFINITY) return;
    const nowMs = this.#host.nowMs();
    const { added } = this.#due;
    for (;;) {
      const operation = this.#due.takeDue(nowMs, added);
      if (operation === undefined) break;
      if (operation.kind === 'timer') {
        this.#forgetTimer(operation);
        this.deliver(operation, operation.outcome);
      } else if (operation.status === 'pending' && !operation.ended && operation.deadlineMs > 0) {
        if (operation.deadlineMs > nowMs) this.#due.add(operation, operation.deadlineMs);
        else operation.holder?.expire(operation);
      }
    }
    this.#askForTime();
  }

  #forgetTimer(timer: TimerOperation): void {
    this.#timers -= 1;
    if (timer.background) this.#backgroundTimers -= 1;
  }

  #askForTime(): void {
    if (this.#due.nextMs < Number.POSITIVE_INFINITY) {
      this.#host.wakeAt(this.#due.nextMs, this.#timers > this.#backgroundTimers);
    }
  }
}
