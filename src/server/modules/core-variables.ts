import { Buffer } from 'node:buffer';
import { AMBIGUOUS, AUTHORIZATION, CONTENT_LENGTH } from '../../http/field-names.ts';
import { originForm } from '../../http/request-target.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { httpDate } from '../engine/http-date.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import { type FamilyTable, plain, type VariableTable } from '../engine/variables.ts';
import { NGINX_VERSION } from '../engine/version.ts';

const clientOf = (request: Request): ServerConnection => request.client as ServerConnection;

/** Of the request as it came, and of the connection. */
const VARIABLES: VariableTable = {
  remote_addr: plain(({ from }) => from.text),
  binary_remote_addr: ({ from }) => from.bytes,
  server_addr: (request) => {
    const { localAddress } = clientOf(request);
    return localAddress === 'unix:' ? `unix:${request.listener.endpoint.address}` : localAddress;
  },
  server_port: ({ listener: { endpoint } }) => (endpoint.port === 0 ? '' : String(endpoint.port)),
  server_name: ({ server }) => server.conf.name,
  connection: plain((request) => String(clientOf(request).number)),
  connection_requests: plain((request) => String(clientOf(request).requests)),
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
  status: plain(({ status }) => (status === 0 ? '000' : String(status).padStart(3, '0'))),
  body_bytes_sent: plain(({ bodyBytes }) => String(bodyBytes)),
  bytes_sent: plain(({ bodyBytes, headBytes, framingBytes }) =>
    String(bodyBytes + headBytes + framingBytes),
  ),
  msec: plain(({ site }) => (site.clock.wallMs() / 1000).toFixed(3)),
  request_time: plain(({ site, startedMs }) =>
    ((site.port.loop.turnMs - startedMs) / 1000).toFixed(3),
  ),
  time_local: plain(({ site }) => site.clock.local),
  time_iso8601: plain(({ site }) => site.clock.iso8601),
  remote_user: (request) => basicUser(clientOf(request).head.valueOf(AUTHORIZATION)),
  remote_port: plain(({ from }) => (from.port === 0 ? '' : String(from.port))),
  request_length: plain(({ requestBytes }) => String(requestBytes)),
  content_type: (request) => joined(clientOf(request).head, 'content_type', ', '),
  content_length: (request) => clientOf(request).head.valueOf(CONTENT_LENGTH),
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
  if (head.nameLength(index) !== name.length) return false;
  return head.fieldName(index).toLowerCase().replaceAll('-', '_') === name;
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

/** The name of Basic authentication (RFC 7617). */
function basicUser(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const encoded = /^basic +([^ ]+)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = text.indexOf(':');
  return colon <= 0 ? undefined : text.slice(0, colon);
}
