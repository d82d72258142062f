import { ProxyError } from '../proxy-error.ts';

/** A request body that is gathered, so that it can be looked at, and sent more than once. */
export class KeptBody {
  readonly #limitBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #settle: { resolve(body: Uint8Array): void; reject(error: unknown): void } | undefined;
  /** Rejected with `BodyTooLarge` beyond the limit. */
  readonly whole: Promise<Uint8Array>;
  /** Set once it is complete. */
  body: Uint8Array | undefined;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.whole = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.whole.catch(() => {}); // Its asker may have gone.
  }

  /** Copies a lent view. `false`: too much, and the promise is rejected. */
  add(data: Uint8Array, from: number, to: number): boolean {
    this.#bytes += to - from;
    if (this.#bytes > this.#limitBytes) {
      const cause = new RangeError(`over ${this.#limitBytes} bytes`);
      this.fail(new ProxyError('BodyTooLarge', 'downstream', cause));
      return false;
    }
    this.#chunks.push(data.slice(from, to));
    return true;
  }

  end(): void {
    const body = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      body.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks.length = 0;
    this.body = body;
    this.#settle?.resolve(body);
    this.#settle = undefined;
  }

  fail(error: unknown): void {
    this.#chunks.length = 0;
    this.#settle?.reject(error);
    this.#settle = undefined;
  }
}
