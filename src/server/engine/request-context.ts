import { HOST, REFERER } from '../../http/field-names.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { runOf } from '../modules/proxy/upstream-run.ts';
import type { Request } from './request.ts';

/** A message with what identifies the request it is about, in nginx's form. */
export function requestContext(request: Request, text: string): string {
  const client = request.client as ServerConnection;
  let line = `*${client.number} ${text}, client: ${request.from.text}, server: ${request.server.conf.name}`;
  const { head } = client;
  if (head.fieldsStart <= 2) return line;
  line += `, request: "${head.text.slice(0, Math.max(0, head.fieldsStart - 2))}"`;
  if (request.isSubrequest) line += `, subrequest: "${request.uri}"`;
  line += upstreamPart(request);
  const host = head.valueOf(HOST);
  if (host !== undefined) line += `, host: "${host}"`;
  const referrer = head.valueOf(REFERER);
  return referrer === undefined ? line : `${line}, referrer: "${referrer}"`;
}

/** The server that is being talked to. */
function upstreamPart(request: Request): string {
  const run = request.side === undefined ? undefined : runOf(request);
  if (run === undefined || run.tries.count === 0) return '';
  const { peer } = run.tries.last;
  return `, upstream: "http://${peer}${peer.startsWith('unix:') ? ':' : ''}${run.uri}"`;
}
