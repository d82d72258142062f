import type { LoopHost } from '../../src/core/event-loop.ts';
import type { SimEvent } from './event-queue.ts';
import type { SimHost } from './sim-host.ts';

/** The turns of one port, as events of the world: at most one is scheduled, the earliest. */
export class SimLoopHost implements LoopHost, SimEvent {
  atMs = 0;
  order = 0;
  index = -1;
  background = false;
  readonly #host: SimHost;
  readonly #turn: () => void;

  constructor(host: SimHost, turn: () => void) {
    this.#host = host;
    this.#turn = turn;
  }

  nowMs(): number {
    return this.#host.network.events.nowMs;
  }

  /** After everything that is due already at this moment. */
  wake(): void {
    this.wakeAt(this.#host.network.events.nowMs);
  }

  wakeAt(dueMs: number): void {
    const { events } = this.#host.network;
    if (this.index < 0 || this.atMs > Math.max(dueMs, events.nowMs)) events.schedule(this, dueMs);
  }

  uncaught(error: unknown): void {
    this.#host.network.uncaught(error);
  }

  fire(): void {
    this.#turn();
  }
}
