import type { ServerConnection } from '../../../http/server-connection.ts';
import type { HttpModule } from '../../engine/module.ts';
import type { Request } from '../../engine/request.ts';
import type { Getter } from '../../engine/variables.ts';
import type { Try } from './tries.ts';
import { runOf } from './upstream-run.ts';

/** What is known of the servers that a request went to. */
export const upstreamVariables: Required<Pick<HttpModule, 'variables' | 'families'>> = {
  variables: {
    proxy_host: (request) => runOf(request)?.destination.host,
    proxy_port: (request) => runOf(request)?.destination.port,
    proxy_add_x_forwarded_for: (request) => {
      const client = request.client as ServerConnection;
      const list = fieldsOf(client.head.text, 'x-forwarded-for', ', ');
      const { text } = request.from;
      return list === undefined ? text : `${list}, ${text}`;
    },
    // Nothing is cached.
    upstream_cache_status: () => undefined,
    upstream_addr: listed(({ peer }) => peer),
    upstream_status: listed(({ status }) => (status === 0 ? '-' : String(status))),
    upstream_connect_time: listed(({ connectMs }) => seconds(connectMs)),
    upstream_header_time: listed(({ headerMs }) => seconds(headerMs)),
    upstream_response_time: listed(({ responseMs }) => seconds(responseMs)),
    upstream_response_length: listed(({ length }) => String(length)),
    upstream_bytes_received: listed(({ received }) => String(received)),
    upstream_bytes_sent: listed(({ sent }) => String(sent)),
  },
  families: {
    upstream_http_: (rest) => {
      const name = rest.replaceAll('_', '-');
      return (request) => fieldsOf(runOf(request)?.fields, name, ', ');
    },
    upstream_trailer_: (rest) => {
      const name = rest.replaceAll('_', '-');
      return (request) => fieldsOf(runOf(request)?.trailers, name, ', ');
    },
    upstream_cookie_: (rest) => (request) => cookieOf(runOf(request)?.fields, rest),
  },
};

function listed(textOf: (one: Try) => string): Getter {
  return (request: Request) => runOf(request)?.tries.list(textOf);
}

/** `0.012`; `-` for what never was. */
function seconds(ms: number): string {
  return ms < 0 ? '-' : (Math.round(ms) / 1000).toFixed(3);
}

/** The values of a name, in lower case, among field lines. */
function fieldsOf(lines: string | undefined, name: string, separator: string): string | undefined {
  if (lines === undefined || lines === '') return undefined;
  let values: string | undefined;
  for (const line of lines.split('\r\n')) {
    if (line.charCodeAt(name.length) !== 0x3a) continue;
    if (line.slice(0, name.length).toLowerCase() !== name) continue;
    const value = line.slice(name.length + 1).trim();
    values = values === undefined ? value : values + separator + value;
  }
  return values;
}

/** The value of a cookie that the server has set; of several of one name, the first one's. */
function cookieOf(lines: string | undefined, name: string): string | undefined {
  if (lines === undefined) return undefined;
  for (const line of lines.split('\r\n')) {
    const found = /^set-cookie:\s*([^;]*)/i.exec(line)?.[1];
    if (found === undefined) continue;
    const equals = found.indexOf('=');
    if (equals < 0 || bare(found.slice(0, equals)).toLowerCase() !== name.toLowerCase()) continue;
    const value = bare(found.slice(equals + 1));
    return value === '' ? undefined : value;
  }
  return undefined;
}

/** Without spaces around it; tabs are part of it. */
function bare(text: string): string {
  return text.replace(/^ +| +$/g, '');
}
