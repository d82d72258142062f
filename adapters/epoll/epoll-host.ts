import { EventLoop, type LoopHost } from '../../src/core/event-loop.ts';
import { Alarm } from '../linux/alarm.ts';
import type { Koffi } from '../linux/koffi.ts';
import { hold, release, runReactions } from '../linux/open-handles.ts';

/** Turns in one visit, and how long it may take: timers and promises of Node's are never far. */
const TURNS_PER_VISIT_MAX = 16;
const VISIT_MS_MAX = 1;
/**
 * After so many visits whose second look at the kernel found nothing, it is spared: who has one
 * thing under way at a time is sure to look in vain. One visit in a few looks all the same, as this
 * changes; and what is overlooked brings the next visit.
 */
const VAIN_LOOKS_MAX = 8;
const VISITS_PER_TRIAL = 16;

/** Where a turn's events come from. */
export interface EventSource {
  /** Asks the kernel, hands out what it says and returns how much that was. */
  takeEvents(): number;
  /** There is something to hand out that the kernel will not announce. */
  readonly hasMore: boolean;
}

/**
 * A loop inside Node's: libuv watches the epoll descriptor (uv_poll through koffi) and calls when
 * it is readable. One visit makes turns until the kernel has nothing left.
 *
 * `koffi.node.poll` is undocumented, though typed. This is its only use.
 */
export class EpollHost implements LoopHost {
  readonly loop: EventLoop;
  readonly #events: EventSource;
  readonly #uncaught: (error: unknown) => void;
  /** Referenced for as long as it is wanted: a handle that is collected stops silently. */
  readonly #poll: ReturnType<Koffi['node']['poll']>;
  #inVisit = false;
  /** Somebody asked for another turn when the newest one of a visit was about to end. */
  #askedInVisit = false;
  #asked = false;
  /** In a row, second looks that found nothing. */
  #vainLooks = 0;
  #visits = 0;
  readonly #alarm: Alarm;

  constructor(
    koffi: Koffi,
    epoll: number,
    events: EventSource,
    uncaught: ((error: unknown) => void) | undefined,
  ) {
    this.#events = events;
    this.#uncaught = uncaught ?? throwLater;
    this.loop = new EventLoop(this);
    this.#alarm = new Alarm(() => this.#visit(TURNS_PER_VISIT_MAX));
    this.#poll = koffi.node.poll(epoll, { readable: true }, () => {
      this.#visit(TURNS_PER_VISIT_MAX);
      runReactions();
    });
    this.#poll.unref();
    hold(this.#poll, this);
  }

  /** Open sockets keep the process alive, and an open port alone does not: as Node's do. */
  keepAlive(sockets: boolean): void {
    if (sockets) this.#poll.ref();
    else this.#poll.unref();
  }

  nowMs(): number {
    return performance.now();
  }

  wake(): void {
    if (this.#inVisit) this.#askedInVisit = true;
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
    this.#poll.close();
    release(this.#poll);
  }

  #visit(turnsMax: number): void {
    this.#inVisit = true;
    let endMs = 0;
    try {
      for (let turns = 0; turns < turnsMax; turns += 1) {
        this.loop.beginTurn();
        const events = this.#events.takeEvents();
        // What the loop was asked for until now, it does now: that takes no other turn.
        this.#askedInVisit = this.#events.hasMore;
        if (turns === 1) this.#vainLooks = events === 0 ? this.#vainLooks + 1 : 0;
        if (events === 0 && turns > 0 && !this.loop.hasWork) break;
        if (turns === 0) endMs = this.loop.turnMs + VISIT_MS_MAX;
        this.loop.endTurn();
        if (this.loop.turnMs > endMs || (turns === 0 && this.#looksInVain())) break;
      }
    } finally {
      // Also when the host throws what it was told.
      this.#inVisit = false;
      if (this.#askedInVisit || this.loop.hasWork) this.wake();
    }
  }

  /** Is there nothing to do, and hardly anything to come? */
  #looksInVain(): boolean {
    this.#visits += 1;
    if (this.#vainLooks < VAIN_LOOKS_MAX || this.#visits % VISITS_PER_TRIAL === 0) return false;
    return !this.#askedInVisit && !this.loop.hasWork;
  }

  readonly #visitSoon = (): void => {
    this.#asked = false;
    this.#visit(1); // It may follow upon a whole visit, and events bring the next one.
  };
}

/** An exception in a callback is the program's: it surfaces as Node's `uncaughtException`. */
function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
