import type { ServerConnection } from '../../http/server-connection.ts';
import { httpDate } from './http-date.ts';
import { statusText } from './reasons.ts';
import type { RequestState } from './request-state.ts';
import { SERVER_NAME, serverName } from './version.ts';

const SERVER_LINE = `Server: ${SERVER_NAME}\r\n`;

/** Of other answers, nobody is told how old they are. */
const DATED = new Set([200, 206, 304]);

/** The head as it goes to the client: fields in nginx's order, then all others as they were set. */
export function headText(request: RequestState): string {
  const { out, site, location } = request;
  const { conf } = location;
  let text = `HTTP/1.1 ${out.statusText === '' ? statusText(out.status) : out.statusText}\r\n`;
  if (!request.hasOwnServer) {
    const { serverTokens } = conf;
    text +=
      serverTokens === 'on'
        ? SERVER_LINE
        : `Server: ${serverName(serverTokens, site.environment.build)}\r\n`;
  }
  if (!request.hasOwnDate) text += site.clock.dateLine;
  if (out.contentType !== '') {
    const charset = out.charset === '' ? '' : `; charset=${out.charset}`;
    text += `Content-Type: ${out.contentType}${charset}\r\n`;
  }
  if (out.contentLength >= 0 && out.status !== 204) {
    text += `Content-Length: ${out.contentLength}\r\n`;
  }
  if (DATED.has(out.status)) {
    if (out.lastModifiedText !== '') text += `Last-Modified: ${out.lastModifiedText}\r\n`;
    else if (out.lastModified >= 0) text += `Last-Modified: ${httpDate(out.lastModified)}\r\n`;
  }
  // A path is made a URL here; what is one already is a field like any other.
  const isPath = out.location.startsWith('/') && conf.absoluteRedirect;
  if (isPath) text += `Location: ${locationOf(request)}\r\n`;
  if (request.reframes) text += 'Transfer-Encoding: chunked\r\n';
  text += connectionLine(request);
  if (out.variesByEncoding) text += 'Vary: Accept-Encoding\r\n';
  if (out.location !== '' && !isPath) text += `Location: ${out.location}\r\n`;
  const { lines } = out;
  for (let i = 0; i < lines.length; i += 1) text += lines[i] as string;
  return `${text}\r\n`;
}

function connectionLine({ out, closesAfter, location }: RequestState): string {
  if (out.status === 101) return 'Connection: upgrade\r\n';
  if (closesAfter) return 'Connection: close\r\n';
  const { keepaliveHeader } = location.conf;
  if (keepaliveHeader === 0) return 'Connection: keep-alive\r\n';
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${keepaliveHeader}\r\n`;
}

/** A path becomes a URL, of the server that the client has asked. */
function locationOf(request: RequestState): string {
  const { out, location, server, listener } = request;
  const { absoluteRedirect, serverNameInRedirect, portInRedirect } = location.conf;
  if (!absoluteRedirect || !out.location.startsWith('/')) return out.location;
  const named = serverNameInRedirect ? server.conf.name : request.host;
  const client = request.client as ServerConnection;
  const host = named === '' ? hostOf(client.localAddress) : named;
  const { port } = listener.endpoint;
  const isUsual = !portInRedirect || port === 80 || port === 0;
  return `http://${host}${isUsual ? '' : `:${port}`}${out.location}`;
}

function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
