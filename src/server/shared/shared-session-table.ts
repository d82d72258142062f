import { Buffer } from 'node:buffer';
import { ENTRY, type EntryLayout, KeyIndex, memoryBytes } from './key-index.ts';
import { RECENCY_WORDS, Recency } from './recency.ts';
import { SESSION_BYTES, type Sessions, type SessionTimes } from './session-table.ts';
import { ZoneLock } from './zone-lock.ts';
import type { ZoneMemory } from './zone-memory.ts';

/** Longer routes are not kept: a configuration has none. */
export const SHARED_ROUTE_MAX: number = 32;
/** Words of an entry behind the order of use: when it was used is a number of 64 bits. */
const USED_MS = ENTRY.words + RECENCY_WORDS;
const LENGTH = USED_MS + 2;
const ROUTE = LENGTH + 2;
const WORD_BYTES = 4;
const WORDS = ROUTE + SHARED_ROUTE_MAX / WORD_BYTES;

/** Memory that a zone of sessions takes: less than its size, but for a very small one. */
export function sessionMemoryBytes(bytesMax: number): number {
  return memoryBytes(layoutOf(bytesMax));
}

function layoutOf(bytesMax: number): EntryLayout {
  const capacity = Math.max(1, Math.floor(bytesMax / SESSION_BYTES));
  return { words: WORDS, capacity, bytesMax: capacity };
}

/** The same as a `SessionTable`, in memory that processes share. Times are since 1970. */
export class SharedSessionTable implements Sessions {
  readonly bytesMax: number;
  readonly #lock: ZoneLock;
  readonly #index: KeyIndex;
  readonly #order: Recency;
  readonly #numbers: Float64Array;
  readonly #bytes: Buffer;
  /** A route on its way out of the memory. */
  readonly #route = Buffer.alloc(SHARED_ROUTE_MAX);

  constructor(bytesMax: number, memory: ZoneMemory) {
    this.bytesMax = bytesMax;
    this.#lock = new ZoneLock(memory);
    this.#index = new KeyIndex(memory, layoutOf(bytesMax));
    this.#order = new Recency(this.#index.words);
    this.#numbers = new Float64Array(memory.buffer);
    this.#bytes = Buffer.from(memory.buffer);
  }

  get size(): number {
    return this.#index.size;
  }

  find(name: string, { nowMs, timeoutMs }: SessionTimes): string {
    this.#index.aim(name);
    if (!this.#lock.take()) return '';
    const entry = this.#live(nowMs - timeoutMs);
    const length = entry === 0 ? 0 : (this.#index.words[entry + LENGTH] as number);
    const at = (entry + ROUTE) * WORD_BYTES;
    if (length > 0) this.#bytes.copy(this.#route, 0, at, at + length);
    this.#lock.free();
    return this.#route.toString('latin1', 0, length);
  }

  use(name: string, route: string, begins: boolean, { nowMs, timeoutMs }: SessionTimes): void {
    if (route.length > SHARED_ROUTE_MAX) return;
    this.#index.aim(name);
    if (!this.#lock.take()) return;
    let entry = this.#live(nowMs - timeoutMs);
    if (entry !== 0) this.#order.touch(entry);
    else if (begins) entry = this.#add();
    if (entry !== 0) {
      this.#numbers[(entry + USED_MS) / 2] = nowMs;
      this.#index.words[entry + LENGTH] = route.length;
      this.#bytes.write(route, (entry + ROUTE) * WORD_BYTES, 'latin1');
    }
    this.#lock.free();
  }

  /** A process has ended. If that was in the midst of a change, all sessions are forgotten. */
  left(slot: number): void {
    if (!this.#lock.takeFrom(slot)) return;
    this.#index.clear();
    this.#lock.free();
  }

  /** The entry of the session that is aimed at; 0: it has ended, or there is none. */
  #live(sinceMs: number): number {
    const entry = this.#index.find();
    if (entry === 0 || (this.#numbers[(entry + USED_MS) / 2] as number) >= sinceMs) return entry;
    this.#forget(entry);
    return 0;
  }

  #add(): number {
    let entry = this.#index.add(1);
    if (entry === 0 && this.#order.oldest !== 0) {
      this.#forget(this.#order.oldest);
      entry = this.#index.add(1);
    }
    if (entry !== 0) this.#order.add(entry);
    return entry;
  }

  #forget(entry: number): void {
    this.#order.remove(entry);
    this.#index.remove(entry);
  }
}
