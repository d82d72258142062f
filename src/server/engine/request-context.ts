import { HOST, REFERER } from '../../http/field-names.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { Request } from './request.ts';

/** A message with what identifies the request it is about, in nginx's form. */
export function requestContext(request: Request, text: string): string {
  const client = request.client as ServerConnection;
  let line = `*${client.number} ${text}, client: ${client.address}, server: ${request.server.conf.name}`;
  const { head } = client;
  if (request.method === '') return line;
  line += `, request: "${head.text.slice(0, Math.max(0, head.fieldsStart - 2))}"`;
  const host = head.valueOf(HOST);
  if (host !== undefined) line += `, host: "${host}"`;
  const referrer = head.valueOf(REFERER);
  return referrer === undefined ? line : `${line}, referrer: "${referrer}"`;
}
