import type { TimerOperation } from '../../core/operation.ts';
import { timerOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';

export interface AlarmOwner {
  /** Does what is due. The next moment to be called; `Infinity`: there is nothing to wait for. */
  onTime(nowMs: number): number;
  /** Nobody but the port itself has ended the timer: it is closed. */
  portClosed(): void;
}

/**
 * One timer for everything that waits. Moments that pass without need, because what waited has
 * ended, cost a turn once in a while, and nothing per query.
 */
export class Alarm {
  readonly #port: ProactorPort;
  readonly #owner: AlarmOwner;
  readonly #timer: TimerOperation;
  /** When the timer is to end; `Infinity`: it need not. */
  #atMs = Number.POSITIVE_INFINITY;
  /** We have cancelled it, to set it anew. */
  #moved = false;

  constructor(port: ProactorPort, owner: AlarmOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#timer = timerOperation(() => this.#ended());
  }

  get pending(): boolean {
    return this.#timer.status === 'pending';
  }

  /** Makes sure that `onTime` runs at `atMs`, or earlier. */
  lookAt(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#atMs = atMs;
    if (this.#timer.status === 'pending') this.#move();
    else this.#set();
  }

  stop(): void {
    this.#atMs = Number.POSITIVE_INFINITY;
    if (this.#timer.status === 'pending') this.#move();
  }

  #move(): void {
    this.#moved = true;
    this.#port.cancel(this.#timer);
  }

  #set(): void {
    this.#timer.atMs = this.#atMs;
    this.#port.submit(this.#timer);
  }

  #ended(): void {
    const { status } = this.#timer;
    if (status === 'cancelled' && !this.#moved) {
      this.#owner.portClosed();
      return;
    }
    this.#moved = false;
    if (status === 'cancelled') {
      if (this.#atMs < Number.POSITIVE_INFINITY) this.#set();
      return;
    }
    this.#atMs = Number.POSITIVE_INFINITY;
    this.lookAt(this.#owner.onTime(this.#port.loop.nowMs()));
  }
}
