import { reply } from '../http/reply.ts';
import type { ServerConnection } from '../http/server-connection.ts';
import { isHead } from './request-method.ts';

/** Queues the shortest answer with this status. `reuse`: the connection stays open behind it. */
export function sendOwnAnswer(client: ServerConnection, status: number, reuse: boolean): void {
  const body = `${status}\n`;
  const text = reply(status, body, reuse);
  client.send(isHead(client.head) ? text.slice(0, -body.length) : text);
}
