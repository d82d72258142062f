import { EventLoop, type LoopHost } from '../../src/core/event-loop.ts';

/** A host whose time and turns are the test's. */
export class ManualHost implements LoopHost {
  now: number = 0;
  wakes: number = 0;
  wakeAtMs: number = Number.POSITIVE_INFINITY;
  keepAlive: boolean = false;
  readonly uncaughtErrors: unknown[] = [];
  readonly loop: EventLoop = new EventLoop(this);

  nowMs(): number {
    return this.now;
  }

  wake(): void {
    this.wakes += 1;
  }

  wakeAt(dueMs: number, keepAlive: boolean): void {
    this.wakeAtMs = dueMs;
    this.keepAlive = keepAlive;
  }

  uncaught(error: unknown): void {
    this.uncaughtErrors.push(error);
  }

  /** One turn, in which `events` are what the kernel reported. */
  turn(events: () => void = () => {}): void {
    this.loop.beginTurn();
    events();
    this.loop.endTurn();
  }

  /** Turns until nothing is left to do; `false` when that never comes. */
  settle(turnsMax = 100): boolean {
    for (let i = 0; i < turnsMax && this.loop.hasWork; i += 1) this.turn();
    return !this.loop.hasWork;
  }
}
