import { Buffer } from 'node:buffer';
import type { ClientConnection } from '../../http/client-connection.ts';

/** The body of a request that is read before anything is done with it. */
export class ClientBody {
  #chunks: Uint8Array[] = [];
  bytes = 0;
  /** All of it is here (none may be all), or something else stands in for it. */
  isWhole = false;

  reset(): void {
    this.#chunks = [];
    this.bytes = 0;
    this.isWhole = false;
  }

  /** Copies a lent view. */
  add(data: Uint8Array, from: number, to: number): void {
    this.#chunks.push(Uint8Array.prototype.slice.call(data, from, to));
    this.bytes += to - from;
  }

  /** Something else goes to the server instead. */
  replace(text: string): void {
    this.#chunks = text === '' ? [] : [Buffer.from(text, 'latin1')];
    this.bytes = text.length;
    this.isWhole = true;
  }

  /** As latin1 text. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  sendTo({ outbox }: ClientConnection): void {
    for (const chunk of this.#chunks) outbox.append(chunk);
  }
}
