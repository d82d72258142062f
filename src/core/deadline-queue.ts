import type { Operation } from './operation.ts';

/** What can stand in a deadline queue; the fields are the queue's own. */
export type Due = { dueMs: number; dueIndex: number; dueOrder: number };

/**
 * Which operations have an end in time, and which comes first: the timers and the deadlines of
 * one loop, or whatever else waits.
 *
 * A binary heap: earliest first, ties in the order of submission. An operation knows its index,
 * so removing one needs no search, and its place is in the operation itself, so adding
 * allocates nothing.
 *
 *            [0]            children of [i] are [2i + 1] and [2i + 2];
 *         /       \         none is due before its parent
 *      [1]         [2]
 *     /   \       /
 *   [3]   [4]   [5]
 */
export class DeadlineQueue<Item extends Due = Operation> {
  readonly #heap: Item[] = [];
  #added = 0;

  /** When the next one is due; `Infinity` when there is none. */
  get nextMs(): number {
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** How many were ever added: what is added later has this order or a higher one. */
  get added(): number {
    return this.#added;
  }

  add(operation: Item, dueMs: number): void {
    operation.dueMs = dueMs;
    operation.dueOrder = this.#added++;
    this.#rise(operation, this.#heap.length);
  }

  remove(operation: Item): void {
    const index = operation.dueIndex;
    if (index < 0) return;
    operation.dueIndex = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === operation) return;
    this.#rise(last, index);
    this.#sink(last, last.dueIndex);
  }

  /** Takes out the first one that is due and was added before the `added` of that time. */
  takeDue(nowMs: number, added: number): Item | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs || first.dueOrder >= added) return undefined;
    this.remove(first);
    return first;
  }

  /** Takes out whatever is first. */
  takeAny(): Item | undefined {
    return this.takeDue(Number.POSITIVE_INFINITY, this.#added);
  }

  /** Puts `operation` at the hole `index`, or as far above it as it belongs. */
  #rise(operation: Item, index: number): void {
    let hole = index;
    while (hole > 0) {
      const parent = this.#heap[(hole - 1) >> 1];
      if (parent === undefined || !isBefore(operation, parent)) break;
      hole = this.#fill(hole, parent);
    }
    this.#fill(hole, operation);
  }

  /** Puts `operation` at the hole `index`, or as far below it as it belongs. */
  #sink(operation: Item, index: number): void {
    let hole = index;
    for (;;) {
      const left = this.#heap[2 * hole + 1];
      const right = this.#heap[2 * hole + 2];
      const child = left && right && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, operation)) break;
      hole = this.#fill(hole, child);
    }
    this.#fill(hole, operation);
  }

  /** Returns where `operation` was before: the new hole. */
  #fill(hole: number, operation: Item): number {
    const index = operation.dueIndex;
    this.#heap[hole] = operation;
    operation.dueIndex = hole;
    return index;
  }
}

function isBefore(a: Due, b: Due): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs;
  return a.dueOrder < b.dueOrder;
}
