import type { Endpoint } from '../core/endpoint.ts';
import { parseIp } from '../net/ip.ts';
import type { ListenConf } from '../server/conf/site-conf.ts';
import type { Use } from './directive.ts';
import { sizeOf } from './values.ts';

const BACKLOG = 511;
const PORT = 80;

/** Parameters that tune a socket and that are left at the system's values. */
const TUNING =
  /^(?:bind|deferred|setfib=\d+|rcvbuf=\w+|sndbuf=\w+|accept_filter=\w+|so_keepalive=.+)$/;

/** `listen 127.0.0.1:80 default_server backlog=128`, with the words of `use` from the first one on. */
export function listenOf(use: Use): ListenConf {
  const [address = '', ...parameters] = use.args;
  const endpoint = endpointOf(address);
  if (endpoint === undefined)
    use.fail(`invalid ${problemOf(address)} in "${address}" of the "${use.name}" directive`);
  let listen: ListenConf = {
    endpoint,
    text: addressText(endpoint),
    defaultServer: false,
    proxyProtocol: false,
    backlog: BACKLOG,
    reusePort: false,
    fastOpen: 0,
    ipv6Only: true,
  };
  for (const parameter of parameters) listen = { ...listen, ...parameterOf(use, parameter) };
  return listen;
}

function parameterOf(use: Use, parameter: string): Partial<ListenConf> {
  if (parameter === 'default_server' || parameter === 'default') return { defaultServer: true };
  if (parameter === 'proxy_protocol') return { proxyProtocol: true };
  if (parameter === 'reuseport') return { reusePort: true };
  const [name = '', value = ''] = parameter.split('=');
  if (name === 'backlog') return { backlog: positive(use, parameter, value) };
  if (name === 'fastopen') return { fastOpen: positive(use, parameter, value) };
  if (name === 'ipv6only') {
    if (value !== 'on' && value !== 'off') use.fail(`invalid ipv6only flags "${value}"`);
    return { ipv6Only: value === 'on' };
  }
  if (parameter === 'ssl' || parameter === 'quic') {
    use.fail(`the "${parameter}" parameter is not supported yet`, 'TLS is not there yet');
  }
  if (parameter === 'http2') {
    use.warn('the "listen ... http2" directive is deprecated, use the "http2" directive instead');
    return {};
  }
  if (TUNING.test(parameter)) return {};
  return use.fail(`invalid parameter "${parameter}"`);
}

function positive(use: Use, parameter: string, text: string): number {
  const value = sizeOf(text);
  if (value === undefined || value === 0) use.fail(`invalid ${parameter.split('=')[0]} "${text}"`);
  return value;
}

/** `80`, `*:80`, `127.0.0.1`, `[::1]:80`, `localhost:80`, `unix:/path`. */
export function endpointOf(text: string): Endpoint | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' ? undefined : { family: 'unix', address: path, port: 0 };
  }
  const six = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (six !== null) {
    const port = portOf(six[2]);
    if (port === undefined || typeof parseIp(six[1] as string) !== 'object') return undefined;
    return { family: 'ipv6', address: six[1] as string, port };
  }
  if (/^\d+$/.test(text)) {
    const port = portOf(text);
    return port === undefined ? undefined : { family: 'ipv4', address: '0.0.0.0', port };
  }
  const [host = '', digits, ...more] = text.split(':');
  const port = portOf(digits);
  if (more.length > 0 || port === undefined) return undefined;
  const address = host === '*' ? '0.0.0.0' : host === 'localhost' ? '127.0.0.1' : host;
  if (typeof parseIp(address) !== 'object' || address.includes(':')) return undefined;
  return { family: 'ipv4', address, port };
}

function portOf(digits: string | undefined): number | undefined {
  if (digits === undefined) return PORT;
  if (!/^\d+$/.test(digits)) return undefined;
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function problemOf(text: string): string {
  return /:\d*$/.test(text) && !/^\d+$/.test(text) ? 'host' : 'port';
}

/** As nginx names an address in its messages. */
export function addressText({ family, address, port }: Endpoint): string {
  if (family === 'unix') return `unix:${address}`;
  return family === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
