import type { NameKey } from '../wire/name.ts';
import type { Flight } from './flight.ts';

const BUCKETS_MIN = 64;

/**
 * Flights by name and type. No `Map`: what is added and removed with every question would live on.
 * V8's map makes a new table for every few dozen changes, and an old one leads to the new, so that
 * once one of them has grown old, all that came later is kept until the next full collection.
 *
 *   buckets: [ flight ─behind─► flight ][ ][ flight ] …    one per flight on average
 */
export class FlightTable {
  readonly #seed: number;
  #buckets: (Flight | undefined)[] = emptyBuckets(BUCKETS_MIN);
  #size = 0;

  /** `seed`, 32 bits: by chance, so that nobody can choose names that share a bucket. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#size;
  }

  hashOf(name: NameKey, type: number): number {
    let hash = this.#seed ^ type;
    for (let at = 0; at < name.length; at += 1) {
      hash = Math.imul(hash ^ name.charCodeAt(at), 0x5bd1e995);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  get(name: NameKey, type: number, hash: number): Flight | undefined {
    let flight = this.#buckets[hash & (this.#buckets.length - 1)];
    while (flight !== undefined) {
      if (flight.hash === hash && flight.type === type && flight.name === name) return flight;
      flight = flight.behind;
    }
    return undefined;
  }

  /** There is none yet of its name and type. */
  add(flight: Flight): void {
    if (this.#size === this.#buckets.length) this.#grow();
    this.#put(flight);
    this.#size += 1;
  }

  /** Does nothing when it is not there. */
  remove(flight: Flight): void {
    const bucket = flight.hash & (this.#buckets.length - 1);
    let before: Flight | undefined;
    let one = this.#buckets[bucket];
    while (one !== undefined && one !== flight) {
      before = one;
      one = one.behind;
    }
    if (one === undefined) return;
    if (before === undefined) this.#buckets[bucket] = flight.behind;
    else before.behind = flight.behind;
    flight.behind = undefined;
    this.#size -= 1;
  }

  /** All that are there now; the table is empty afterwards. */
  takeAll(): Flight[] {
    const all: Flight[] = [];
    for (const first of this.#buckets) {
      for (let one = first; one !== undefined; one = one.behind) all.push(one);
    }
    this.#buckets = emptyBuckets(BUCKETS_MIN);
    this.#size = 0;
    return all;
  }

  #put(flight: Flight): void {
    const bucket = flight.hash & (this.#buckets.length - 1);
    flight.behind = this.#buckets[bucket];
    this.#buckets[bucket] = flight;
  }

  /** The length stays a power of two, so that a mask chooses. It does not shrink again. */
  #grow(): void {
    const length = this.#buckets.length * 2;
    const all = this.takeAll();
    this.#buckets = emptyBuckets(length);
    for (const flight of all) this.#put(flight);
    this.#size = all.length;
  }
}

function emptyBuckets(length: number): undefined[] {
  return new Array(length).fill(undefined);
}
