import type { EventLoop } from '../../core/event-loop.ts';
import { ProxyError } from '../proxy-error.ts';
import { BodyPipe, copyOf } from './body-pipe.ts';
import type { Handlers } from './compile.ts';

/** A request body that is gathered, so that it can be looked at, and sent more than once. */
export class KeptBody {
  readonly #limitBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #failed = false;
  #isReady = false;
  #readying: Promise<void> | undefined;
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

  /** Did it not come, or is there too much of it? */
  get failed(): boolean {
    return this.#failed;
  }

  /** The body for somebody who wants no more than `limitBytes` of it. */
  async atMost(limitBytes: number): Promise<Uint8Array> {
    const body = await this.whole;
    if (body.length > limitBytes) throw tooLarge(limitBytes);
    return body;
  }

  /** Is it as it is to be sent? */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Waits for the whole body; filters see each byte of it once, however often it is sent. */
  ready(filters: Handlers, session: object, loop: EventLoop): Promise<void> {
    this.#readying ??= this.#makeReady(filters, session, loop);
    return this.#readying;
  }

  async #makeReady(filters: Handlers, session: object, loop: EventLoop): Promise<void> {
    const body = await this.whole;
    if (filters !== undefined) this.body = await filtered(body, filters, session, loop);
    this.#isReady = true;
  }

  /** Copies a lent view. `false`: too much, and the promise is rejected. */
  add(data: Uint8Array, from: number, to: number): boolean {
    this.#bytes += to - from;
    if (this.#bytes > this.#limitBytes) {
      this.fail(tooLarge(this.#limitBytes));
      return false;
    }
    this.#chunks.push(copyOf(data, from, to));
    return true;
  }

  end(): void {
    if (this.#failed) return;
    const body = joined(this.#chunks);
    this.#chunks.length = 0;
    this.body = body;
    this.#settle?.resolve(body);
    this.#settle = undefined;
  }

  /** Does nothing once it is complete. */
  fail(error: unknown): void {
    if (this.body === undefined) this.#failed = true;
    this.#chunks.length = 0;
    this.#settle?.reject(error);
    this.#settle = undefined;
  }
}

/** What filters make of a whole body. */
function filtered(
  body: Uint8Array,
  filters: NonNullable<Handlers>,
  session: object,
  loop: EventLoop,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    const owner = {
      filtered: (bytes: Uint8Array) => chunks.push(bytes) > 0,
      filteredAll: () => resolve(joined(chunks)),
      filterWaits: () => {},
      filterFailed: reject,
    };
    const pipe = new BodyPipe(filters, session, owner, loop);
    if (body.length > 0) pipe.push(body);
    pipe.push(undefined);
  });
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function tooLarge(limitBytes: number): ProxyError {
  return new ProxyError('BodyTooLarge', 'downstream', new RangeError(`over ${limitBytes} bytes`));
}
