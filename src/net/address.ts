import type { Endpoint } from '../core/endpoint.ts';
import { IoError } from './io-error.ts';
import { formatIp, parseIpv4, parseIpv6 } from './ip.ts';

/** Longest path of a unix socket in bytes: `sun_path` of unix(7), without its final NUL. */
export const UNIX_PATH_BYTES_MAX: number = 107;

/** A host as written, without brackets, and the port if there was one. */
export type HostPort = { readonly host: string; readonly port: number | undefined };

/** What stands in for the part that the text leaves out. */
export type EndpointDefaults = { readonly address?: string; readonly port?: number };

/**
 * Reads `127.0.0.1:80`, `[::1]:53`, `unix:/run/sluice.sock`; an address alone where `defaults` has
 * a port, a port alone where it has an address. Numeric only: names are resolved above the core.
 * Throws `IoError` with `badAddress`.
 */
export function parseEndpoint(text: string, defaults: EndpointDefaults = {}): Endpoint {
  if (text.startsWith('unix:')) return unixEndpoint(text);
  if (isDigits(text) && defaults.address !== undefined) {
    return ipEndpoint(text, 0, defaults.address, parsePort(text));
  }
  // An IPv6 address without brackets can only be one without a port.
  const bare = text.startsWith('[') || text.indexOf(':') === text.lastIndexOf(':');
  const { host, port } = bare ? parseHostPort(text) : { host: text, port: undefined };
  const known = port ?? defaults.port;
  if (known === undefined) throw bad(text, text.length, 'a port is missing');
  return ipEndpoint(text, text.startsWith('[') ? 1 : 0, host, known);
}

/** Writes what `parseEndpoint` reads. */
export function formatEndpoint(endpoint: Endpoint): string {
  switch (endpoint.family) {
    case 'ipv4':
      return `${endpoint.address}:${endpoint.port}`;
    case 'ipv6':
      return `[${endpoint.address}]:${endpoint.port}`;
    case 'unix':
      return `unix:${endpoint.address}`;
    default:
      return endpoint.family satisfies never;
  }
}

/** Splits `host`, `host:port` or `[v6]:port` (the authority of RFC 3986 §3.2); names allowed. */
export function parseHostPort(text: string): HostPort {
  if (text.startsWith('[')) return bracketed(text);
  const colon = text.indexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  if (host === '') throw bad(text, 0, 'a host is missing');
  for (let at = 0; at < host.length; at += 1) {
    if (!isHostCode(host.charCodeAt(at))) throw bad(text, at, 'not a character of a host');
  }
  return { host, port: colon < 0 ? undefined : portAt(text, colon + 1) };
}

/** Reads 0 to 65535, in decimal digits without leading zeros. */
export function parsePort(text: string): number {
  return portAt(text, 0);
}

/** The text form of the bytes of an address, 4 or 16, with a port. */
export function endpointOfBytes(bytes: Uint8Array, port: number): Endpoint {
  return { family: bytes.length === 4 ? 'ipv4' : 'ipv6', address: formatIp(bytes), port };
}

function bracketed(text: string): HostPort {
  const end = text.indexOf(']');
  if (end < 0) throw bad(text, text.length, 'a ] is missing');
  const host = text.slice(1, end);
  ipv6At(text, 1, host);
  if (end + 1 === text.length) return { host, port: undefined };
  if (text[end + 1] !== ':') throw bad(text, end + 1, 'only a port may follow a ]');
  return { host, port: portAt(text, end + 2) };
}

function ipEndpoint(text: string, hostAt: number, host: string, port: number): Endpoint {
  if (host.includes(':')) {
    return { family: 'ipv6', address: formatIp(ipv6At(text, hostAt, host)), port };
  }
  const bytes = parseIpv4(host);
  if (typeof bytes !== 'object') {
    const named = /[a-z_-]/i.test(host);
    throw named
      ? bad(text, hostAt, 'a name, not an address: resolve it first')
      : bad(text, hostAt + bytes, 'not four numbers from 0 to 255 (a.b.c.d)');
  }
  return { family: 'ipv4', address: host, port };
}

function ipv6At(text: string, hostAt: number, host: string): Uint8Array {
  const bytes = parseIpv6(host);
  if (typeof bytes === 'object') return bytes;
  const zone = host[bytes] === '%';
  throw bad(text, hostAt + bytes, zone ? 'zones are not supported' : 'not an IPv6 address');
}

function unixEndpoint(text: string): Endpoint {
  const address = text.slice('unix:'.length);
  if (address === '') throw bad(text, text.length, 'a path is missing');
  const nul = address.indexOf('\0');
  if (nul >= 0) throw bad(text, 'unix:'.length + nul, 'a path may not contain NUL');
  if (new TextEncoder().encode(address).length > UNIX_PATH_BYTES_MAX) {
    throw bad(text, 'unix:'.length, `a path of over ${UNIX_PATH_BYTES_MAX} bytes`);
  }
  return { family: 'unix', address, port: 0 };
}

function portAt(text: string, start: number): number {
  const digits = text.slice(start);
  if (!isDigits(digits)) throw bad(text, start, 'a port is decimal digits');
  if (digits.length > 1 && digits[0] === '0') throw bad(text, start, 'a port has no leading zero');
  const port = Number(digits);
  if (port > 65_535) throw bad(text, start, 'a port is at most 65535');
  return port;
}

function isDigits(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

/** Letters, digits, and what RFC 3986 §3.2.2 allows in a registered name without escapes. */
function isHostCode(code: number): boolean {
  return /[A-Za-z0-9._~!$&'()*+,;=%-]/.test(String.fromCharCode(code));
}

function bad(text: string, index: number, what: string): IoError {
  const about = `${what}, at column ${index + 1}`;
  return new IoError({ code: 'badAddress', call: JSON.stringify(text) }, { about });
}
