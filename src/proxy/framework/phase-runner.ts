import type { EventLoop } from '../../core/event-loop.ts';
import type { Handlers } from './compile.ts';
import type { SessionFace } from './session-face.ts';
import { isThenable, onTurn, settledOnce } from './thenable.ts';

/** Whose handlers run. */
export interface PhaseOwner {
  readonly face: SessionFace;
  /** A handler takes its time: nothing more is to come from the client meanwhile. */
  handlerWaits(): void;
  handlerFailed(error: unknown): void;
}

/** What goes on after a phase. `answer`: the first one that was defined, where one was asked for. */
export type Then<O> = (this: O, answer: unknown) => void;

type Handler = (face: SessionFace, argument: unknown) => unknown;

/**
 * Runs the handlers of one phase after another. Synchronous ones make no promise; a promise is
 * waited for, and what goes on then does so on a turn of the loop. `cancel` makes what is waited
 * for unheard: the attempt or the exchange that it was for is over.
 */
export class PhaseRunner<O extends PhaseOwner> {
  readonly #owner: O;
  readonly #loop: EventLoop;
  #serial = 0;

  constructor(owner: O, loop: EventLoop) {
    this.#owner = owner;
    this.#loop = loop;
  }

  cancel(): void {
    this.#serial += 1;
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
    settledOnce(answer).then(
      (value) =>
        onTurn(this.#loop, () => {
          if (serial !== this.#serial) return;
          if (first && value !== undefined) then.call(this.#owner, value);
          else this.#goOn(handlers, next, argument, first, then);
        }),
      (error: unknown) =>
        onTurn(this.#loop, () => {
          if (serial === this.#serial) this.#owner.handlerFailed(error);
        }),
    );
  }
}
