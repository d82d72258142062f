/**
 * Something that happens at a virtual moment. Whoever owns it makes it once and schedules it
 * again and again: its place in the queue is in the event itself.
 */
export interface SimEvent {
  atMs: number;
  order: number;
  /** In the heap; -1 when not scheduled. */
  index: number;
  /** Does not keep the world busy: TIME-WAIT, or a probe of a window that is really shut. */
  background: boolean;
  fire(): void;
}

/**
 * The virtual clock and what is to happen: a binary heap, earliest first, ties in the order in
 * which they were scheduled. Its length is bounded by what exists: one timer per connection, one
 * turn per port, and the packets that the windows and queues admit.
 */
export class EventQueue {
  readonly #heap: SimEvent[] = [];
  #scheduled = 0;
  #foreground = 0;
  nowMs = 0;

  /** Would waiting for the next event lead anywhere? */
  get busy(): boolean {
    return this.#foreground > 0;
  }

  /** When the next event happens; `Infinity` when there is none. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Schedules `event`, or moves it; a moment that is past means now, after what is due already. */
  schedule(event: SimEvent, atMs: number): void {
    this.cancel(event);
    event.atMs = Math.max(atMs, this.nowMs);
    event.order = this.#scheduled;
    this.#scheduled += 1;
    if (!event.background) this.#foreground += 1;
    this.#rise(event, this.#heap.length);
  }

  cancel(event: SimEvent): void {
    const { index } = event;
    if (index < 0) return;
    event.index = -1;
    if (!event.background) this.#foreground -= 1;
    const last = this.#heap.pop() as SimEvent;
    if (last === event) return;
    this.#rise(last, index);
    this.#sink(last, last.index);
  }

  /** Says whether a scheduled event keeps the world busy. */
  setBackground(event: SimEvent, background: boolean): void {
    if (event.background === background) return;
    event.background = background;
    if (event.index >= 0) this.#foreground += background ? -1 : 1;
  }

  /** Takes out the first event that is due by `endMs`, and lets the clock reach it. */
  take(endMs: number): SimEvent | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > endMs) return undefined;
    this.cancel(first);
    this.nowMs = first.atMs;
    return first;
  }

  #rise(event: SimEvent, index: number): void {
    let hole = index;
    while (hole > 0) {
      const parent = this.#heap[(hole - 1) >> 1] as SimEvent;
      if (!isBefore(event, parent)) break;
      this.#fill(hole, parent);
      hole = (hole - 1) >> 1;
    }
    this.#fill(hole, event);
  }

  #sink(event: SimEvent, index: number): void {
    let hole = index;
    for (;;) {
      const left = 2 * hole + 1;
      const right = this.#heap[left + 1];
      const rightFirst = right !== undefined && isBefore(right, this.#heap[left] as SimEvent);
      const child = rightFirst ? right : this.#heap[left];
      if (child === undefined || !isBefore(child, event)) break;
      this.#fill(hole, child);
      hole = rightFirst ? left + 1 : left;
    }
    this.#fill(hole, event);
  }

  #fill(index: number, event: SimEvent): void {
    this.#heap[index] = event;
    event.index = index;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
