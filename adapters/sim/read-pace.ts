import type { EventQueue, SimEvent } from './event-queue.ts';
import type { Owner } from './network.ts';

/** Bytes that may be saved up by not reading: one read of a slow reader takes no more. */
const BURST_BYTES = 1460;

/** Slows the reader of one socket down: it finds only so many bytes per second. */
export class ReadPace implements SimEvent {
  atMs = 0;
  order = 0;
  index = -1;
  background = false;
  readonly #events: EventQueue;
  readonly #block: { readonly owner: Owner | undefined };
  readonly #bytesPerMs: number;
  #saved = 0;
  #savedMs: number;

  constructor(
    events: EventQueue,
    block: { readonly owner: Owner | undefined },
    bytesPerSecond: number,
  ) {
    this.#events = events;
    this.#block = block;
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#savedMs = events.nowMs;
  }

  /** Bytes that may be read now. Where there are none, the owner is told as soon as there are. */
  allowance(): number {
    const { nowMs } = this.#events;
    const grown = this.#saved + (nowMs - this.#savedMs) * this.#bytesPerMs;
    this.#saved = Math.min(BURST_BYTES, grown);
    this.#savedMs = nowMs;
    const whole = Math.floor(this.#saved + 1e-9);
    if (whole === 0 && this.index < 0) this.#events.schedule(this, this.#nextMs());
    return whole;
  }

  spend(bytes: number): void {
    this.#saved = Math.max(0, this.#saved - bytes);
  }

  /** The reader is told early enough to find half a burst. */
  #nextMs(): number {
    return this.#events.nowMs + Math.max(1, BURST_BYTES / 2 / this.#bytesPerMs);
  }

  fire(): void {
    this.#block.owner?.changed();
  }
}
