import { EventLoop, type LoopHost } from '../../src/core/event-loop.ts';
import type { Koffi } from '../linux/koffi.ts';
import { hold, release, runReactions } from '../linux/open-handles.ts';

const DELAY_MS_MAX = 2 ** 31 - 1; // Node turns a longer delay into 1 ms.
/** Turns in one visit, so that timers and promises of Node's are never far. */
const TURNS_PER_VISIT_MAX = 16;
/** When a kernel that took nothing is asked again. */
const RETRY_MS = 1;

/** The ring, as far as the loop drives it. */
export interface Driven {
  /** Node has seen the eventfd readable: takes its count. */
  noticed(): void;
  /** From now on completions are fetched, and need not be announced; or they are again. */
  setNotifying(notifying: boolean): void;
  /** Hands over what was prepared, and lets the kernel finish what it has put off. */
  handOver(): void;
  /** Delivers what has completed. */
  reap(): void;
  readonly isReady: boolean;
  /** What was prepared and could not be handed over, as the kernel had no memory for it. */
  readonly unsubmitted: number;
}

/**
 * A loop inside Node's: libuv watches the eventfd that counts completions (uv_poll through koffi)
 * and calls when it is readable. One visit makes turns until nothing completes any more:
 *
 *   submit → [reap → deferred, timers, tasks, flush → submit] → …  → back to Node
 *
 * The ring's own descriptor would not do: it is readable only once completions are there, and
 * they are put off until the ring is entered. `koffi.node.poll` is undocumented, though typed.
 * This is its only use.
 */
export class UringHost implements LoopHost {
  readonly loop: EventLoop;
  readonly #driven: Driven;
  readonly #uncaught: (error: unknown) => void;
  /** Referenced for as long as it is wanted: a handle that is collected stops silently. */
  #poll: ReturnType<Koffi['node']['poll']> | undefined;
  #inVisit = false;
  #asked = false;
  #alarm: NodeJS.Timeout | undefined;
  #alarmMs = Number.POSITIVE_INFINITY;

  constructor(driven: Driven, uncaught: ((error: unknown) => void) | undefined) {
    this.#driven = driven;
    this.#uncaught = uncaught ?? throwLater;
    this.loop = new EventLoop(this);
  }

  watch(koffi: Koffi, eventfd: number): void {
    this.#poll = koffi.node.poll(eventfd, { readable: true }, () => {
      this.#driven.noticed();
      this.#visit();
      runReactions();
    });
    this.#poll.unref();
    hold(this.#poll, this);
  }

  /** Open sockets keep the process alive, and an open port alone does not: as Node's do. */
  keepAlive(sockets: boolean): void {
    if (sockets) this.#poll?.ref();
    else this.#poll?.unref();
  }

  nowMs(): number {
    return performance.now();
  }

  wake(): void {
    if (this.#asked || this.#inVisit) return;
    this.#asked = true;
    setImmediate(this.#visitSoon);
  }

  wakeAt(dueMs: number, keepAlive: boolean): void {
    if (dueMs < this.#alarmMs) {
      clearTimeout(this.#alarm);
      this.#alarmMs = dueMs;
      const delayMs = Math.min(Math.max(Math.ceil(dueMs - this.nowMs()), 1), DELAY_MS_MAX);
      this.#alarm = setTimeout(this.#ring, delayMs);
    }
    if (keepAlive) this.#alarm?.ref();
    else this.#alarm?.unref();
  }

  uncaught(error: unknown): void {
    this.#uncaught(error);
  }

  stop(): void {
    clearTimeout(this.#alarm);
    this.#alarmMs = Number.POSITIVE_INFINITY;
    if (this.#poll !== undefined) {
      this.#poll.close();
      release(this.#poll);
    }
    this.#poll = undefined;
  }

  #visit(): void {
    const driven = this.#driven;
    this.#inVisit = true;
    try {
      driven.setNotifying(false);
      driven.handOver();
      for (let turns = 0; turns < TURNS_PER_VISIT_MAX; turns += 1) {
        this.loop.beginTurn();
        driven.reap();
        this.loop.endTurn();
        driven.handOver();
        if (!driven.isReady && !this.loop.hasWork) break;
      }
    } finally {
      this.#inVisit = false;
      driven.setNotifying(true);
      // Looked at only now: what came while nobody was notified would never be announced.
      if (driven.isReady || this.loop.hasWork) this.wake();
      else if (driven.unsubmitted > 0) this.wakeAt(this.nowMs() + RETRY_MS, true);
    }
  }

  readonly #visitSoon = (): void => {
    this.#asked = false;
    this.#visit();
  };

  // Node counts from its cached time and may call early (nodejs/node#26578): the loop expires
  // nothing before its time, and asks for the rest again.
  readonly #ring = (): void => {
    this.#alarmMs = Number.POSITIVE_INFINITY;
    this.#visit();
  };
}

/** An exception in a callback is the program's: it surfaces as Node's `uncaughtException`. */
function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
