import type { EventLoop } from '../../core/event-loop.ts';
import type { TimerOperation } from '../../core/operation.ts';
import { timerOperation } from '../../core/operations.ts';
import type { Handlers } from './compile.ts';
import type { SessionFace } from './session-face.ts';
import { isThenable, onTurn, settledOnce } from './thenable.ts';

/** Whose handlers run. */
export interface PhaseOwner {
  readonly face: SessionFace;
  /** A handler takes its time: nothing more is to come from the client meanwhile. */
  handlerWaits(): void;
  handlerFailed(error: unknown): void;
  /** What a handler waits for is a body that still comes: that has deadlines of its own. */
  readonly isGathering: boolean;
}

/** A handler took longer than `timeouts.handlerMs`. What it says later is not heard. */
export class HandlerTimeout extends Error {
  constructor(ms: number) {
    super(`a handler has not answered within ${ms} ms`);
    this.name = 'HandlerTimeout';
  }
}

/** What goes on after a phase. `answer`: the first one that was defined, where one was asked for. */
export type Then<O> = (this: O, answer: unknown) => void;

type Handler = (face: SessionFace, argument: unknown) => unknown;

/**
 * Runs the handlers of one phase after another. Synchronous ones make no promise; a promise is
 * waited for, `handlerMs` at most, and what goes on then does so on a turn of the loop. `cancel`
 * makes what is waited for unheard: the attempt or the exchange that it was for is over.
 */
export class PhaseRunner<O extends PhaseOwner> {
  readonly #owner: O;
  readonly #loop: EventLoop;
  readonly #handlerMs: number;
  #serial = 0;
  #waits = false;
  #dueMs = 0;
  /** Made with the first wait. It stays set when a wait is over, and looks who waits when it is due. */
  #timer: TimerOperation | undefined;

  /** `handlerMs`: 0 is for ever. */
  constructor(owner: O, loop: EventLoop, handlerMs: number) {
    this.#owner = owner;
    this.#loop = loop;
    this.#handlerMs = handlerMs;
  }

  cancel(): void {
    this.#serial += 1;
    this.#waits = false;
    if (this.#timer !== undefined) this.#loop.cancelTimer(this.#timer);
  }

  /** Runs all handlers. */
  all(handlers: Handlers, argument: unknown, then: Then<O>): void {
    if (handlers === undefined) then.call(this.#owner, undefined);
    else this.#goOn(handlers as readonly unknown[] as Handler[], 0, argument, false, then);
  }

  /** Runs handlers up to the first whose answer is defined. */
  first(handlers: Handlers, argument: unknown, then: Then<O>): void {
    if (handlers === undefined) then.call(this.#owner, undefined);
    else this.#goOn(handlers as readonly unknown[] as Handler[], 0, argument, true, then);
  }

  #goOn(
    handlers: readonly Handler[],
    from: number,
    argument: unknown,
    first: boolean,
    then: Then<O>,
  ): void {
    const { face } = this.#owner;
    const serial = this.#serial;
    for (let i = from; i < handlers.length; i += 1) {
      let answer: unknown;
      let waits = false;
      try {
        answer = (handlers[i] as Handler)(face, argument);
        waits = answer !== undefined && isThenable(answer); // A getter of it may throw, too.
      } catch (error) {
        if (serial === this.#serial) this.#owner.handlerFailed(error);
        return;
      }
      if (serial !== this.#serial) return; // The handler has ended the exchange.
      if (answer === undefined) continue;
      if (waits) {
        this.#wait(answer as PromiseLike<unknown>, handlers, i + 1, argument, first, then);
        return;
      }
      if (first) {
        then.call(this.#owner, answer);
        return;
      }
    }
    then.call(this.#owner, undefined);
  }

  #wait(
    answer: PromiseLike<unknown>,
    handlers: readonly Handler[],
    next: number,
    argument: unknown,
    first: boolean,
    then: Then<O>,
  ): void {
    const serial = this.#serial;
    this.#owner.handlerWaits();
    this.#limit();
    settledOnce(answer).then(
      (value) =>
        onTurn(this.#loop, () => {
          if (serial !== this.#serial) return;
          this.#waits = false;
          if (first && value !== undefined) then.call(this.#owner, value);
          else this.#goOn(handlers, next, argument, first, then);
        }),
      (error: unknown) =>
        onTurn(this.#loop, () => {
          if (serial !== this.#serial) return;
          this.#waits = false;
          this.#owner.handlerFailed(error);
        }),
    );
  }

  #limit(): void {
    if (this.#handlerMs === 0) return;
    this.#waits = true;
    this.#dueMs = this.#loop.nowMs() + this.#handlerMs;
    this.#timer ??= backgroundTimer(() => this.#due());
    if (this.#timer.status !== 'pending') this.#setTimer(this.#timer);
  }

  #due(): void {
    if (!this.#waits) return;
    const nowMs = this.#loop.nowMs();
    if (nowMs < this.#dueMs || this.#owner.isGathering) {
      if (nowMs >= this.#dueMs) this.#dueMs = nowMs + this.#handlerMs;
      this.#setTimer(this.#timer as TimerOperation);
      return;
    }
    this.#serial += 1;
    this.#waits = false;
    this.#owner.handlerFailed(new HandlerTimeout(this.#handlerMs));
  }

  #setTimer(timer: TimerOperation): void {
    timer.atMs = this.#dueMs;
    this.#loop.submitTimer(timer);
  }
}

/** It alone keeps no process alive: the client's connection does. */
function backgroundTimer(onComplete: () => void): TimerOperation {
  const timer = timerOperation(onComplete);
  timer.background = true;
  return timer;
}
