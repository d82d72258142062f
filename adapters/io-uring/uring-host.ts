import { EventLoop, type LoopHost } from '../../src/core/event-loop.ts';
import { Alarm } from '../linux/alarm.ts';
import type { Koffi } from '../linux/koffi.ts';
import { hold, release, runReactions } from '../linux/open-handles.ts';

/** Turns in one visit, and how long it may take: timers and promises of Node's are never far. */
const TURNS_PER_VISIT_MAX = 16;
const VISIT_MS_MAX = 1;
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
  readonly #alarm: Alarm;

  constructor(driven: Driven, uncaught: ((error: unknown) => void) | undefined) {
    this.#driven = driven;
    this.#uncaught = uncaught ?? throwLater;
    this.loop = new EventLoop(this);
    this.#alarm = new Alarm(() => this.#visit());
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
    this.#alarm.ringAt(dueMs, keepAlive);
  }

  uncaught(error: unknown): void {
    this.#uncaught(error);
  }

  stop(): void {
    this.#alarm.cancel();
    if (this.#poll !== undefined) {
      this.#poll.close();
      release(this.#poll);
    }
    this.#poll = undefined;
  }

  #visit(): void {
    const driven = this.#driven;
    this.#inVisit = true;
    let endMs = 0;
    try {
      driven.setNotifying(false);
      driven.handOver();
      for (let turns = 0; turns < TURNS_PER_VISIT_MAX; turns += 1) {
        this.loop.beginTurn();
        driven.reap();
        if (turns === 0) endMs = this.loop.turnMs + VISIT_MS_MAX;
        this.loop.endTurn();
        driven.handOver();
        if (!driven.isReady && !this.loop.hasWork) break;
        if (this.loop.turnMs > endMs) break;
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
}

/** An exception in a callback is the program's: it surfaces as Node's `uncaughtException`. */
function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
