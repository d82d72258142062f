/** Connections taken in a row at most: what one socket may complete in a turn. */
const ROW_MAX = 32;

/**
 * How many connections a listener is asked for in a row. The attempt that finds none is dear: the
 * kernel makes a whole socket before it looks, and takes it down again. So only one is taken for
 * each time that the reactor reports the listener, and more once it is reported turn after turn.
 */
export class AcceptPace {
  #turn = -1;
  /** Turns in a row in which the listener was reported, or brought somebody. */
  #streak = 0;
  #left = 0;

  /** The reactor has reported the listener, or somebody tries without that. */
  begin(turn: number): void {
    this.#streak = turn === this.#turn + 1 ? this.#streak + 1 : 0;
    this.#turn = turn;
    this.#left = Math.min(this.#streak < 2 ? 1 : 2 ** (this.#streak - 1), ROW_MAX);
  }

  /** A connection was taken. `false`: the reactor is to be asked before the next one. */
  goesOn(turn: number): boolean {
    if (turn !== this.#turn) this.begin(turn);
    this.#left -= 1;
    return this.#left > 0;
  }
}
