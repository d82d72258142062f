/** How many of the newest events are kept to be read; all of them count for the hash. */
export const TRACE_LINES_MAX = 4096;
const NUMBERS_PER_LINE = 4;

/**
 * What happened in a world: one line per event of the network and of the ports. The newest lines
 * are kept as numbers and written out only when somebody reads them, so that tracing allocates
 * nothing. The hash runs over everything: the same seed and program give the same hash.
 */
export class Trace {
  readonly #names: string[] = new Array(TRACE_LINES_MAX).fill('');
  readonly #numbers: Float64Array = new Float64Array(TRACE_LINES_MAX * NUMBERS_PER_LINE);
  readonly #double: Float64Array = new Float64Array(1);
  readonly #halves: Int32Array = new Int32Array(this.#double.buffer);
  /** Two FNV-1a lanes with different primes: 64 bits together. */
  #first = 0x811c9dc5 | 0;
  #second = 0x050c5d1f | 0;
  /** How many events there were. */
  count = 0;

  note(name: string, nowMs: number, host: number, a: number, b: number): void {
    for (let i = 0; i < name.length; i += 1) this.#mix(name.charCodeAt(i));
    this.#mixNumber(nowMs);
    this.#mixNumber(host);
    this.#mixNumber(a);
    this.#mixNumber(b);
    const slot = this.count % TRACE_LINES_MAX;
    const at = slot * NUMBERS_PER_LINE;
    this.#names[slot] = name;
    this.#numbers[at] = nowMs;
    this.#numbers[at + 1] = host;
    this.#numbers[at + 2] = a;
    this.#numbers[at + 3] = b;
    this.count += 1;
  }

  /** 16 hexadecimal digits over every event so far. */
  get hash(): string {
    const lanes = [this.#first, this.#second];
    return lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  /** The newest lines, oldest first: time in milliseconds, host, event, and its two numbers. */
  lines(): string[] {
    const kept = Math.min(this.count, TRACE_LINES_MAX);
    return Array.from({ length: kept }, (_, i) => {
      const slot = (this.count - kept + i) % TRACE_LINES_MAX;
      const at = slot * NUMBERS_PER_LINE;
      const [atMs, host, a, b] = this.#numbers.subarray(at, at + NUMBERS_PER_LINE);
      return `${atMs} host${host} ${this.#names[slot]} ${a} ${b}`;
    });
  }

  #mixNumber(value: number): void {
    this.#double[0] = value;
    this.#mix(this.#halves[0] as number);
    this.#mix(this.#halves[1] as number);
  }

  #mix(bits: number): void {
    this.#first = Math.imul(this.#first ^ bits, 0x01000193);
    this.#second = Math.imul(this.#second ^ bits ^ (this.#first >>> 15), 0x85ebca6b);
  }
}
