import { HEAD, type ZoneMemory } from './zone-memory.ts';

/** Numbers of 64 bits that each process has. */
const FIELDS = 5;
const FIELD = { accepted: 0, requests: 1, active: 2, reading: 3, writing: 4 } as const;
const RECORD = 8;
const NUMBER_BYTES = 8;
const FIRST = HEAD.words / 2;

/** Memory that the counters of so many processes take. */
export function counterMemoryBytes(slots: number): number {
  return NUMBER_BYTES * (FIRST + RECORD * (slots + 1));
}

/** What the connections of one or more processes come to. */
export type ConnectionTotals = Record<keyof typeof FIELD, number>;

/**
 * Connections of all processes, counted for each on its own: only the process itself changes its
 * numbers, so that nobody has to wait. Behind the last one stands what those counted that have gone.
 */
export class SharedCounters {
  readonly #numbers: Float64Array;
  readonly #slots: number;
  readonly #slot: number;
  readonly #at: number;

  constructor({ buffer, slots, slot }: ZoneMemory) {
    this.#numbers = new Float64Array(buffer);
    this.#slots = slots;
    this.#slot = slot;
    this.#at = recordOf(slot);
  }

  accepted(): void {
    this.#add(FIELD.accepted);
  }

  asked(): void {
    this.#add(FIELD.requests);
  }

  /** Connections that this process has now. */
  set active(count: number) {
    this.#numbers[this.#at + FIELD.active] = count;
  }

  /** What this process's connections were doing when they were last looked at. */
  doing(reading: number, writing: number): void {
    this.#numbers[this.#at + FIELD.reading] = reading;
    this.#numbers[this.#at + FIELD.writing] = writing;
  }

  /** Of all but this process. */
  get others(): ConnectionTotals {
    const totals = new Array<number>(FIELDS).fill(0);
    for (let slot = 0; slot <= this.#slots; slot += 1) {
      if (slot === this.#slot) continue;
      for (let field = 0; field < FIELDS; field += 1) {
        totals[field] = (totals[field] as number) + this.#get(slot, field);
      }
    }
    const [accepted = 0, requests = 0, active = 0, reading = 0, writing = 0] = totals;
    return { accepted, requests, active, reading, writing };
  }

  /** A process has ended: its connections have, too, but they were there. */
  left(slot: number): void {
    const at = recordOf(slot);
    const gone = recordOf(this.#slots);
    for (const field of [FIELD.accepted, FIELD.requests]) {
      this.#numbers[gone + field] = this.#get(this.#slots, field) + this.#get(slot, field);
    }
    this.#numbers.fill(0, at, at + RECORD);
  }

  #get(slot: number, field: number): number {
    return this.#numbers[recordOf(slot) + field] as number;
  }

  #add(field: number): void {
    const at = this.#at + field;
    this.#numbers[at] = (this.#numbers[at] as number) + 1;
  }
}

function recordOf(slot: number): number {
  return FIRST + RECORD * slot;
}
