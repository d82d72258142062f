import type { Handlers } from './compile.ts';

/** Where filtered bytes go, and who waits for them. */
export interface BodyPipeOwner {
  /** Bytes that are the taker's from now on. */
  filtered(bytes: Uint8Array): void;
  /** The last call of every filter is done, and nothing more comes. */
  filteredAll(): void;
  /** A filter takes its time, or is done: no more bytes, please, or again. */
  filterWaits(waits: boolean): void;
  filterFailed(error: unknown): void;
}

type Filter = (session: object, chunk: Uint8Array | undefined, end: boolean) => unknown;

/** Chunks that wait while a filter is busy; who sends more in spite of `filterWaits` is at fault. */
export const CHUNKS_MAX = 4096;

/**
 * The body filters of one message, each seeing what the one before it made. Synchronous filters
 * make no promise; while one is asynchronous, what comes is kept in line.
 *
 *   push ─→ filter 1 ─→ filter 2 … ─→ filtered
 */
export class BodyPipe {
  readonly #filters: readonly Filter[];
  readonly #session: object;
  readonly #owner: BodyPipeOwner;
  readonly #line: (Uint8Array | undefined)[] = [];
  #busy = false;
  #over = false;

  constructor(filters: NonNullable<Handlers>, session: object, owner: BodyPipeOwner) {
    this.#filters = filters as readonly unknown[] as readonly Filter[];
    this.#session = session;
    this.#owner = owner;
  }

  /** `chunk` is the pipe's from now on; `undefined` is the end. */
  push(chunk: Uint8Array | undefined): void {
    if (this.#over) return;
    if (this.#line.length === CHUNKS_MAX) {
      this.#fail(new RangeError(`over ${CHUNKS_MAX} chunks wait for a body filter`));
      return;
    }
    this.#line.push(chunk);
    if (!this.#busy) this.#go();
  }

  /** The exchange is over: filters that are still busy are not heard. */
  stop(): void {
    this.#over = true;
    this.#line.length = 0;
  }

  #go(): void {
    while (this.#line.length > 0 && !this.#over) {
      const chunk = this.#line.shift();
      const made = this.#filter(chunk === undefined ? [] : [chunk], chunk === undefined, 0);
      if (made instanceof Promise) {
        this.#wait(made, chunk === undefined);
        return;
      }
      if (made !== undefined) this.#pass(made, chunk === undefined);
    }
  }

  #wait(made: Promise<Uint8Array[]>, end: boolean): void {
    this.#busy = true;
    this.#owner.filterWaits(true);
    made.then(
      (chunks) => {
        this.#busy = false;
        if (this.#over) return;
        this.#pass(chunks, end);
        this.#go();
        if (!this.#busy && !this.#over) this.#owner.filterWaits(false);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #pass(chunks: readonly Uint8Array[], end: boolean): void {
    for (const chunk of chunks) if (chunk.length > 0 && !this.#over) this.#owner.filtered(chunk);
    if (!end || this.#over) return;
    this.#over = true;
    this.#owner.filteredAll();
  }

  /** What the filters from `from` on make of `chunks`; `undefined`: one of them threw. */
  #filter(
    chunks: readonly Uint8Array[],
    end: boolean,
    from: number,
  ): Uint8Array[] | Promise<Uint8Array[]> | undefined {
    let pieces: Uint8Array[] = [...chunks];
    for (let at = from; at < this.#filters.length; at += 1) {
      const filter = this.#filters[at] as Filter;
      const made: Uint8Array[] = [];
      const calls = end ? [...pieces, undefined] : pieces;
      for (let i = 0; i < calls.length; i += 1) {
        const chunk = calls[i];
        let answer: unknown;
        try {
          answer = filter(this.#session, chunk, chunk === undefined);
        } catch (error) {
          this.#fail(error);
          return undefined;
        }
        if (isThenable(answer)) return this.#goOn(answer, calls, i, made, at);
        add(made, answer, chunk);
      }
      pieces = made;
    }
    return pieces;
  }

  async #goOn(
    first: PromiseLike<unknown>,
    calls: readonly (Uint8Array | undefined)[],
    index: number,
    made: Uint8Array[],
    at: number,
  ): Promise<Uint8Array[]> {
    const filter = this.#filters[at] as Filter;
    add(made, await first, calls[index]);
    for (const chunk of calls.slice(index + 1)) {
      add(made, await filter(this.#session, chunk, chunk === undefined), chunk);
    }
    const end = calls.length > 0 && calls[calls.length - 1] === undefined;
    return (await this.#filter(made, end, at + 1)) ?? [];
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.stop();
    this.#owner.filterFailed(error);
  }
}

function add(made: Uint8Array[], answer: unknown, chunk: Uint8Array | undefined): void {
  if (answer === undefined) {
    if (chunk !== undefined) made.push(chunk);
  } else if (answer instanceof Uint8Array) made.push(answer);
  else if (Array.isArray(answer)) made.push(...(answer as Uint8Array[]));
  else throw new TypeError('a body filter gives a Uint8Array, a list of them, or nothing');
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}
