import type { EventLoop } from '../../core/event-loop.ts';
import type { Handlers } from './compile.ts';
import { isThenable, onTurn } from './thenable.ts';

/** Where filtered bytes go, and who waits for them. */
export interface BodyPipeOwner {
  /** Bytes that are the taker's from now on. `false`: no more of them before `goOn()`. */
  filtered(bytes: Uint8Array): boolean;
  /** The last call of every filter is done, and nothing more comes. */
  filteredAll(): void;
  /** The pipe wants no more for now, or again. */
  filterWaits(waits: boolean): void;
  filterFailed(error: unknown): void;
}

type Filter = (session: object, chunk: Uint8Array | undefined, end: boolean) => unknown;

/** Chunks that wait while a filter is busy; who sends more in spite of `filterWaits` is at fault. */
export const CHUNKS_MAX = 4096;
/** What a filter makes goes on in pieces of this size, so that a large one fits no less. */
export const PIECE_BYTES: number = 64 * 1024;

/**
 * The body filters of one message, each seeing what the one before it made. Synchronous filters
 * make no promise. While one is busy, or its results are not taken, nothing more is filtered.
 *
 *   push ─→ line ─→ filter 1 ─→ filter 2 … ─→ made ─→ filtered
 */
export class BodyPipe {
  readonly #filters: readonly Filter[];
  readonly #session: object;
  readonly #owner: BodyPipeOwner;
  readonly #loop: EventLoop;
  readonly #line: (Uint8Array | undefined)[] = [];
  /** Results that are yet to be taken; of the first one, all before `#madeAt` were. */
  readonly #made: Uint8Array[] = [];
  #madeAt = 0;
  /** The results of the last call are among them. */
  #ended = false;
  #busy = false;
  #full = false;
  #going = false;
  #waits = false;
  #over = false;

  constructor(
    filters: NonNullable<Handlers>,
    session: object,
    owner: BodyPipeOwner,
    loop: EventLoop,
  ) {
    this.#filters = filters as readonly unknown[] as readonly Filter[];
    this.#session = session;
    this.#owner = owner;
    this.#loop = loop;
  }

  /** Does it want no more chunks for now? */
  get waits(): boolean {
    return this.#busy || this.#full;
  }

  /** `chunk` is the pipe's from now on; `undefined` is the end. */
  push(chunk: Uint8Array | undefined): void {
    if (this.#over) return;
    if (this.#line.length === CHUNKS_MAX) {
      this.#fail(new RangeError(`over ${CHUNKS_MAX} chunks wait for a body filter`));
      return;
    }
    this.#line.push(chunk);
    this.#go();
  }

  /** What is filtered is taken again. */
  goOn(): void {
    this.#full = false;
    this.#go();
  }

  /** The exchange is over: filters that are still busy are not heard. */
  stop(): void {
    this.#over = true;
    this.#line.length = 0;
    this.#made.length = 0;
  }

  #go(): void {
    if (this.#going) return;
    this.#going = true;
    while (!this.#over && !this.#full && !this.#busy) {
      if (!this.#handOn()) break;
      if (this.#line.length === 0) break;
      const chunk = this.#line.shift();
      const made = this.#filter(chunk === undefined ? [] : [chunk], chunk === undefined, 0);
      if (made instanceof Promise) this.#wait(made, chunk === undefined);
      else if (made !== undefined) this.#keep(made, chunk === undefined);
    }
    this.#going = false;
    if (this.#over || this.waits === this.#waits) return;
    this.#waits = this.waits;
    this.#owner.filterWaits(this.#waits);
  }

  /** Hands on what was made. `false`: there is nothing more to do now, or at all. */
  #handOn(): boolean {
    const made = this.#made;
    while (made.length > 0) {
      const chunk = made[0] as Uint8Array;
      const end = Math.min(this.#madeAt + PIECE_BYTES, chunk.length);
      const piece = chunk.subarray(this.#madeAt, end);
      this.#madeAt = end;
      if (end === chunk.length) {
        made.shift();
        this.#madeAt = 0;
      }
      // An empty chunk would end a chunked body.
      if (piece.length > 0 && !this.#owner.filtered(piece)) this.#full = true;
      if (this.#over || this.#full) return false;
    }
    if (!this.#ended) return true;
    this.#over = true;
    this.#owner.filteredAll();
    return false;
  }

  #keep(made: readonly Uint8Array[], end: boolean): void {
    this.#made.push(...made);
    this.#ended = end;
  }

  #wait(made: Promise<Uint8Array[]>, end: boolean): void {
    this.#busy = true;
    made.then(
      (chunks) =>
        onTurn(this.#loop, () => {
          this.#busy = false;
          if (this.#over) return;
          this.#keep(chunks, end);
          this.#go();
        }),
      (error: unknown) => onTurn(this.#loop, () => this.#fail(error)),
    );
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
        try {
          const answer = filter(this.#session, chunk, chunk === undefined);
          if (isThenable(answer)) return this.#finish(answer, calls, i, made, at);
          add(made, answer, chunk);
        } catch (error) {
          this.#fail(error);
          return undefined;
        }
        if (this.#over) return undefined; // The filter has ended the exchange.
      }
      pieces = made;
    }
    return pieces;
  }

  /** Goes on with the calls behind one that takes its time. */
  async #finish(
    first: PromiseLike<unknown>,
    calls: readonly (Uint8Array | undefined)[],
    index: number,
    made: Uint8Array[],
    at: number,
  ): Promise<Uint8Array[]> {
    const filter = this.#filters[at] as Filter;
    add(made, await first, calls[index]);
    for (const chunk of calls.slice(index + 1)) {
      if (this.#over) return [];
      add(made, await filter(this.#session, chunk, chunk === undefined), chunk);
    }
    if (this.#over) return [];
    const end = calls[calls.length - 1] === undefined;
    return (await this.#filter(made, end, at + 1)) ?? [];
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.stop();
    this.#owner.filterFailed(error);
  }
}

/** Bytes of a lent view, to be kept. `slice` of Node's buffers would not copy them. */
export function copyOf(data: Uint8Array, from: number, to: number): Uint8Array {
  return Uint8Array.prototype.slice.call(data, from, to);
}

function add(made: Uint8Array[], answer: unknown, chunk: Uint8Array | undefined): void {
  if (answer === undefined) {
    if (chunk !== undefined) made.push(chunk);
  } else if (answer instanceof Uint8Array) made.push(answer);
  else if (Array.isArray(answer) && answer.every((one) => one instanceof Uint8Array)) {
    made.push(...answer);
  } else throw new TypeError('a body filter gives a Uint8Array, a list of them, or nothing');
}
