/** First in, first out, over an array that is used again: no allocation once it has grown. */
export class RingQueue<T> {
  #items: (T | undefined)[] = new Array(16).fill(undefined);
  #head = 0;
  size = 0;

  push(item: T): void {
    if (this.size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.size) & (this.#items.length - 1)] = item;
    this.size += 1;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.size -= 1;
    return item;
  }

  /** Takes one item out of the middle, keeping the order of the rest. Costs a walk. */
  remove(item: T): boolean {
    let found = false;
    for (let left = this.size; left > 0; left -= 1) {
      const next = this.shift() as T;
      if (next === item && !found) found = true;
      else this.push(next);
    }
    return found;
  }

  /** The length stays a power of two, so that a mask wraps. */
  #grow(): void {
    const { length } = this.#items;
    const grown: (T | undefined)[] = new Array(length * 2).fill(undefined);
    for (let i = 0; i < this.size; i += 1) grown[i] = this.#items[(this.#head + i) & (length - 1)];
    this.#items = grown;
    this.#head = 0;
  }
}
