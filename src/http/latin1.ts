import { Buffer } from 'node:buffer';

type Latin1Slice = (this: Uint8Array, start: number, end: number) => string;

/** Node's own method, which also works on a plain Uint8Array when it is called this way. */
const { latin1Slice } = Buffer.prototype as unknown as { latin1Slice: Latin1Slice };

/** The bytes from `start` to `end` as text, a character for each byte. */
export function latin1(data: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(data, start, end);
}
