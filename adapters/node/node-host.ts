import { EventLoop, type LoopHost } from '../../src/core/event-loop.ts';

const DELAY_MS_MAX = 2 ** 31 - 1; // Node turns a longer delay into 1 ms.

/**
 * Fits the core's turn into Node's loop. The first event of a turn asks for an Immediate, which
 * runs once libuv has handed out every event it got from the kernel in this round: that is the
 * turn's end. One Node timer serves all timers and deadlines.
 */
export class NodeHost implements LoopHost {
  readonly loop: EventLoop;
  readonly #uncaught: (error: unknown) => void;
  #open = false;
  #asked = false;
  #alarm: NodeJS.Timeout | undefined;
  #alarmMs = Number.POSITIVE_INFINITY;
  #keepsAlive = true;

  constructor(uncaught: ((error: unknown) => void) | undefined) {
    this.#uncaught = uncaught ?? throwLater;
    this.loop = new EventLoop(this);
  }

  nowMs(): number {
    return performance.now();
  }

  /** Before any completion is delivered from a callback of Node's. */
  event(): void {
    if (this.#open) return;
    this.#open = true;
    this.loop.beginTurn();
    this.wake();
  }

  wake(): void {
    if (this.#asked) return;
    this.#asked = true;
    setImmediate(this.#endTurn);
  }

  wakeAt(dueMs: number, keepAlive: boolean): void {
    if (dueMs < this.#alarmMs) {
      clearTimeout(this.#alarm);
      this.#alarmMs = dueMs;
      const delayMs = Math.min(Math.max(Math.ceil(dueMs - this.nowMs()), 1), DELAY_MS_MAX);
      this.#alarm = setTimeout(this.#ring, delayMs);
      this.#keepsAlive = true;
    }
    if (keepAlive === this.#keepsAlive) return;
    this.#keepsAlive = keepAlive;
    if (keepAlive) this.#alarm?.ref();
    else this.#alarm?.unref();
  }

  uncaught(error: unknown): void {
    this.#uncaught(error);
  }

  /** No timer is left behind: what was pending has been cancelled. */
  stop(): void {
    clearTimeout(this.#alarm);
    this.#alarmMs = Number.POSITIVE_INFINITY;
  }

  readonly #endTurn = (): void => {
    this.#asked = false;
    if (!this.#open) this.loop.beginTurn();
    this.#open = true;
    this.loop.endTurn();
    this.#open = false;
  };

  // Node counts from its cached time and may call early (nodejs/node#26578): the loop expires
  // nothing before its time, and asks for the rest again.
  readonly #ring = (): void => {
    this.#alarmMs = Number.POSITIVE_INFINITY;
    this.#endTurn();
  };
}

/** An exception in a callback is the program's: it surfaces as Node's `uncaughtException`. */
function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
