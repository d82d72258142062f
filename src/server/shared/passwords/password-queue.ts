import type { EventLoop } from '../../../core/event-loop.ts';
import { RingQueue } from '../../../core/ring-queue.ts';
import type { PasswordCheck } from './password-check.ts';

/** Rounds of hashing in one turn: one or two milliseconds. */
const ROUNDS_PER_TURN = 250;
/** Checks that may wait; what comes beyond is refused. */
export const PASSWORD_CHECKS_MAX: number = 1024;

/** Who wants to know. */
export interface PasswordWaiter {
  passwordChecked(isRight: boolean): void;
}

type Waiting = { readonly check: PasswordCheck; readonly waiter: PasswordWaiter };

/** Checks passwords one after the other, a piece in each turn of the loop: others go on meanwhile. */
export class PasswordQueue {
  readonly #loop: EventLoop;
  readonly #waiting = new RingQueue<Waiting>();
  #isPosted = false;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /** `false`: too many are waiting. The waiter is told in a later turn. */
  add(check: PasswordCheck, waiter: PasswordWaiter): boolean {
    if (this.#waiting.size >= PASSWORD_CHECKS_MAX) return false;
    this.#waiting.push({ check, waiter });
    this.#post();
    return true;
  }

  #post(): void {
    if (this.#isPosted || this.#waiting.size === 0) return;
    this.#isPosted = this.#loop.post(this.#run);
  }

  readonly #run = (): void => {
    this.#isPosted = false;
    const first = this.#waiting.peek();
    const isRight = first?.check.run(ROUNDS_PER_TURN);
    if (isRight !== undefined) this.#waiting.shift()?.waiter.passwordChecked(isRight);
    this.#post();
  };
}
