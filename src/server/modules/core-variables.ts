import { Buffer } from 'node:buffer';
import { AMBIGUOUS } from '../../http/field-names.ts';
import { originForm } from '../../http/request-target.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { httpDate } from '../engine/http-date.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { FamilyTable, VariableTable } from '../engine/variables.ts';
import { NGINX_VERSION } from '../engine/version.ts';

const clientOf = (request: Request): ServerConnection => request.client as ServerConnection;

/** Of the request as it came, and of the connection. */
const VARIABLES: VariableTable = {
  remote_addr: ({ from }) => from.text,
  binary_remote_addr: ({ from }) => from.bytes,
  server_addr: (request) => {
    const { localAddress } = clientOf(request);
    return localAddress === 'unix:' ? `unix:${request.listener.endpoint.address}` : localAddress;
  },
  server_port: ({ listener: { endpoint } }) => (endpoint.port === 0 ? '' : String(endpoint.port)),
  server_name: ({ server }) => server.conf.name,
  connection: (request) => String(clientOf(request).number),
  connection_requests: (request) => String(clientOf(request).requests),
  host: ({ host, server }) => (host === '' ? server.conf.name : host),
  scheme: () => 'http',
  https: () => '',
  request_method: ({ method }) => method,
  request_uri: (request) => originForm(clientOf(request).head),
  server_protocol: (request) => protocolOf(clientOf(request).head),
  request: (request) => {
    const { head } = clientOf(request);
    return head.text.slice(0, Math.max(0, head.fieldsStart - 2));
  },
  uri: ({ uri }) => uri,
  document_uri: ({ uri }) => uri,
  is_args: ({ args }) => (args === '' ? '' : '?'),
  query_string: ({ args }) => args,
  args: {
    get: ({ args }) => args,
    set: (request, value) => {
      request.args = value;
      request.isAsReceived = false;
    },
  },
  status: ({ status }) => (status === 0 ? '000' : String(status).padStart(3, '0')),
  body_bytes_sent: ({ bodyBytes }) => String(bodyBytes),
  bytes_sent: ({ bodyBytes, headBytes, framingBytes }) =>
    String(bodyBytes + headBytes + framingBytes),
  msec: ({ site }) => (site.clock.wallMs() / 1000).toFixed(3),
  request_time: ({ site, startedMs }) => ((site.port.loop.turnMs - startedMs) / 1000).toFixed(3),
  time_local: ({ site }) => localTime(new Date(site.clock.wallMs())),
  time_iso8601: ({ site }) => isoTime(new Date(site.clock.wallMs())),
  remote_user: (request) => basicUser(clientOf(request).head.get('authorization')),
  remote_port: ({ from }) => (from.port === 0 ? '' : String(from.port)),
  request_length: ({ requestBytes }) => String(requestBytes),
  content_type: (request) => joined(clientOf(request).head, 'content_type', ', '),
  content_length: (request) => clientOf(request).head.get('content-length'),
  pid: ({ site }) => String(site.environment.pid),
  hostname: ({ site }) => site.environment.hostname,
  nginx_version: () => NGINX_VERSION,
};

const FAMILIES: FamilyTable = {
  http_: (rest) => {
    const name = rest.toLowerCase();
    return (request) => joined(clientOf(request).head, name, name === 'cookie' ? '; ' : ', ');
  },
  sent_http_: (rest) => {
    const name = rest.replaceAll('_', '-');
    return (request) => sentField(request, name);
  },
  arg_: (rest) => {
    const name = rest.toLowerCase();
    return ({ args }) => argument(args, name);
  },
  cookie_: (rest) => {
    const name = rest.toLowerCase();
    return (request) => cookie(joined(clientOf(request).head, 'cookie', '; ') ?? '', name);
  },
};

export const coreVariablesModule: HttpModule = {
  name: 'core variables',
  variables: VARIABLES,
  families: FAMILIES,
};

/** The values of all fields of a name; `name` in lower case, each `-` written as `_`. */
function joined(
  head: ServerConnection['head'],
  name: string,
  separator: string,
): string | undefined {
  let value: string | undefined;
  for (let index = 0; index < head.fieldCount; index += 1) {
    if (head.fieldId(index) === AMBIGUOUS || !isField(head, index, name)) continue;
    const one = head.fieldValue(index);
    value = value === undefined ? one : `${value}${separator}${one}`;
  }
  return value;
}

function isField(head: ServerConnection['head'], index: number, name: string): boolean {
  const text = head.fieldName(index);
  return text.length === name.length && text.toLowerCase().replaceAll('-', '_') === name;
}

function protocolOf(head: ServerConnection['head']): string {
  return head.simple ? 'HTTP/0.9' : `HTTP/1.${head.minorVersion}`;
}

function sentField(request: Request, name: string): string | undefined {
  const { out } = request;
  if (name === 'connection') return connectionOf(request);
  if (name === 'keep-alive') return keepAliveOf(request);
  if (name === 'transfer-encoding') return request.reframes ? 'chunked' : undefined;
  if (name === 'last-modified') return lastModifiedOf(request);
  if (name === 'content-type') return out.contentType === '' ? undefined : out.contentType;
  if (name === 'content-length') {
    return out.contentLength < 0 ? undefined : String(out.contentLength);
  }
  if (name === 'location' && out.location !== '') return out.location;
  const values = out.all(name);
  return values.length === 0 ? undefined : values.join(', ');
}

function connectionOf({ out, closesAfter }: Request): string {
  if (out.status === 101) return 'upgrade';
  return closesAfter ? 'close' : 'keep-alive';
}

function keepAliveOf({ closesAfter, location }: Request): string | undefined {
  const { keepaliveHeader } = location.conf;
  return closesAfter || keepaliveHeader === 0 ? undefined : `timeout=${keepaliveHeader}`;
}

function lastModifiedOf({ out }: Request): string | undefined {
  if (out.lastModifiedText !== '') return out.lastModifiedText;
  return out.lastModified < 0 ? undefined : httpDate(out.lastModified);
}

/** The first argument of this name, in whatever case. */
function argument(args: string, name: string): string | undefined {
  for (const pair of args.split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    if (pair.slice(0, equals).toLowerCase() === name) return pair.slice(equals + 1);
  }
  return undefined;
}

function cookie(cookies: string, name: string): string | undefined {
  for (const pair of cookies.split(';')) {
    const [key = '', ...rest] = pair.trimStart().split('=');
    if (rest.length > 0 && key.trimEnd().toLowerCase() === name) return rest.join('=').trim();
  }
  return undefined;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function two(number: number): string {
  return String(number).padStart(2, '0');
}

/** `+01:00` or, with an empty `colon`, `+0100`. */
function zoneOf(date: Date, colon: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

function clockOf(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `20/Nov/2026:09:00:00 +0100`. */
export function localTime(date: Date): string {
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  return `${day}:${clockOf(date)} ${zoneOf(date, '')}`;
}

export function isoTime(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clockOf(date)}${zoneOf(date, ':')}`;
}

/** The name of Basic authentication (RFC 7617). */
function basicUser(authorization: string | undefined): string | undefined {
  const encoded = /^basic +([^ ]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = text.indexOf(':');
  return colon <= 0 ? undefined : text.slice(0, colon);
}
