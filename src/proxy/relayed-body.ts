import type { ClientConnection } from '../http/client-connection.ts';
import { sendBytes, sendChunk } from '../http/send-body.ts';
import type { ServerConnection } from '../http/server-connection.ts';

/**
 * Queues a lent view of a request's body for the server, framed as the client framed it; a server
 * that is too slow makes the client wait. `false`: the outbox refused.
 */
export function sendUp(
  client: ServerConnection,
  upstream: ClientConnection,
  data: Uint8Array,
  from: number,
  to: number,
  owned: boolean,
): boolean {
  const { outbox } = upstream;
  if (outbox.broken) {
    client.pauseRequest(); // Nothing more is taken; its answer, if any, is on its way.
    return true;
  }
  const send = client.head.framing === 'chunked' ? sendChunk : sendBytes;
  if (!send(outbox, data, from, to, owned)) return false;
  if (outbox.level === 'high') client.pauseRequest();
  return true;
}

/**
 * Queues a lent view of a response's body for the client, or the chunk that it is in, where that
 * can be had. `false`: the outbox refused.
 */
export function sendDown(
  client: ServerConnection,
  upstream: ClientConnection | undefined,
  reframes: boolean,
  data: Uint8Array,
  from: number,
  to: number,
  owned: boolean,
): boolean {
  const pool = upstream?.claimChunk(data, to - from);
  if (pool !== undefined) return client.outbox.appendChunk(pool, data, from, to);
  const send = reframes ? sendChunk : sendBytes;
  return send(client.outbox, data, from, to, owned);
}
