import type { Outbox } from '../core/outbox/outbox.ts';
import { latin1 } from './latin1.ts';

/** Up to this many bytes, a copy as text that joins the head is cheaper than a piece of its own. */
const TEXT_BYTES_MAX = 4096;
/** From this many on, a buffer that nobody else has is cheaper to pass on than to copy. */
const OWNED_BYTES_MIN = 8192;

/** Queues a lent view of body bytes in the way that costs least. `false`: the outbox refused. */
export function sendBytes(
  outbox: Outbox,
  data: Uint8Array,
  from: number,
  to: number,
  owned: boolean,
): boolean {
  const bytes = to - from;
  if (bytes <= TEXT_BYTES_MAX) return outbox.appendText(latin1(data, from, to));
  if (owned && bytes >= OWNED_BYTES_MIN) return outbox.append(data.subarray(from, to));
  return outbox.appendCopy(data, from, to);
}

/** The same as one chunk (RFC 9112 §7.1). An empty one would end the body, and is left out. */
export function sendChunk(
  outbox: Outbox,
  data: Uint8Array,
  from: number,
  to: number,
  owned: boolean,
): boolean {
  if (from === to) return true;
  return (
    outbox.appendText(`${(to - from).toString(16)}\r\n`) &&
    sendBytes(outbox, data, from, to, owned) &&
    outbox.appendText('\r\n')
  );
}

/** The end of a chunked body, without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';
