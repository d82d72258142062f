import type { Endpoint } from '../core/endpoint.ts';
import { parseIp } from '../net/ip.ts';

const PORT = 80;
const PORT_MAX = 65_535;
/** Bytes of a path that a UNIX socket can have, without the NUL behind it. */
const UNIX_PATH_BYTES_MAX = 107;

/** What `listen` says; `problem`: why it is no address, in nginx's words. */
export type ListenAddress =
  | { readonly endpoints: readonly Endpoint[] }
  | { readonly problem: string };

/** `80`, `*:80`, `127.0.0.1`, `[::1]:80`, `localhost:80`, `unix:/path`, `127.0.0.1:80-90`. */
export function listenAddressOf(text: string): ListenAddress {
  if (text.toLowerCase().startsWith('unix:')) return unixAddress(text.slice('unix:'.length));
  if (text.startsWith('[')) return bracketed(text);
  const slash = text.search(/[/?]/);
  if (slash >= 0) return { problem: 'invalid host' };
  const colon = text.indexOf(':');
  if (colon >= 0) return hostAndPorts(text.slice(0, colon), text.slice(colon + 1));
  if (!/^\d+(?:-\d+)?$/.test(text)) return hostAndPorts(text, String(PORT));
  return atPorts('ipv4', '0.0.0.0', text);
}

function unixAddress(path: string): ListenAddress {
  if (path === '') return { problem: 'no path in the unix domain socket' };
  if (path.length > UNIX_PATH_BYTES_MAX)
    return { problem: 'too long path in the unix domain socket' };
  return { endpoints: [{ family: 'unix', address: path, port: 0 }] };
}

function bracketed(text: string): ListenAddress {
  const end = text.indexOf(']');
  if (end < 2) return { problem: end < 0 ? 'invalid host' : 'no host' };
  const address = text.slice(1, end);
  const rest = text.slice(end + 1);
  if (rest !== '' && !rest.startsWith(':')) return { problem: 'invalid host' };
  const isAddress = address.includes(':') && typeof parseIp(address) === 'object';
  if (!isAddress) return { problem: 'invalid IPv6 address' };
  return atPorts('ipv6', address, rest === '' ? String(PORT) : rest.slice(1));
}

function hostAndPorts(host: string, ports: string): ListenAddress {
  const address = host === '*' ? '0.0.0.0' : host === 'localhost' ? '127.0.0.1' : host;
  const at = atPorts('ipv4', address, ports);
  if ('problem' in at) return at;
  if (host === '') return { problem: 'no host' };
  return typeof parseIp(address) === 'object' ? at : { problem: 'host not found' };
}

/** One endpoint for each port of `80` or `80-90`. */
function atPorts(family: 'ipv4' | 'ipv6', address: string, text: string): ListenAddress {
  const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const first = portOf(low);
  const last = portOf(high);
  if (first === undefined || last === undefined) return { problem: 'invalid port' };
  if (first > last) return { problem: 'invalid port range' };
  const endpoints: Endpoint[] = [];
  for (let port = first; port <= last; port += 1) endpoints.push({ family, address, port });
  return { endpoints };
}

function portOf(digits: string | undefined): number | undefined {
  const port = Number(digits ?? 0);
  return port >= 1 && port <= PORT_MAX ? port : undefined;
}
