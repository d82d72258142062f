import { Buffer } from 'node:buffer';

/** A copy of a body that goes to a server as it comes, up to a bound: beyond it there is none. */
export class PassedBody {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isTooLarge = false;

  reset(): void {
    if (this.#chunks.length > 0) this.#chunks = [];
    this.#bytes = 0;
    this.#isTooLarge = false;
  }

  add(data: Uint8Array, from: number, to: number, bytesMax: number): void {
    this.#bytes += to - from;
    this.#isTooLarge ||= this.#bytes > bytesMax;
    if (this.#isTooLarge) this.#chunks = [];
    else this.#chunks.push(Uint8Array.prototype.slice.call(data, from, to));
  }

  /** As latin1; `undefined` where there was nothing, or too much. */
  get text(): string | undefined {
    if (this.#bytes === 0 || this.#isTooLarge) return undefined;
    return Buffer.concat(this.#chunks).toString('latin1');
  }
}
