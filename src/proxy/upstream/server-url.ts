import type { Endpoint } from '../../core/endpoint.ts';
import { parseEndpoint, parseHostPort } from '../../net/address.ts';
import { IoError } from '../../net/io-error.ts';

/** Where a server is, as its URL says. */
export type ServerAddress = {
  /** Host and port as written: the hashes count with it, as nginx's do. */
  readonly name: string;
  readonly scheme: 'http' | 'https';
  /** A name, a numeric address without brackets, or the path of a unix socket. */
  readonly host: string;
  readonly port: number;
  /** Where the host is numeric; names have to be looked up. */
  readonly endpoint: Endpoint | undefined;
};

const PORTS = { http: 80, https: 443 } as const;

/**
 * Reads `http://host:port`, `https://host`, `http://unix:/path`, and all of them without a scheme.
 * Throws `TypeError`: paths, queries and user names have no place in a server.
 */
export function parseServerUrl(url: string): ServerAddress {
  const { scheme, rest } = split(url);
  try {
    if (rest.startsWith('unix:')) {
      const endpoint = parseEndpoint(rest.endsWith(':') ? rest.slice(0, -1) : rest);
      return {
        name: `unix:${endpoint.address}`,
        scheme,
        host: endpoint.address,
        port: 0,
        endpoint,
      };
    }
    const name = rest.endsWith('/') ? rest.slice(0, -1) : rest;
    if (/[/?#@\\]/.test(name)) throw new TypeError('only a host and a port may stand there');
    const { host, port = PORTS[scheme] } = parseHostPort(name);
    if (port === 0) throw new TypeError('a port is 1 to 65535');
    return { name, scheme, host, port, endpoint: endpointOf(host, port) };
  } catch (error) {
    if (!(error instanceof IoError) && !(error instanceof TypeError)) throw error;
    throw new TypeError(error.message, { cause: error });
  }
}

function split(url: string): { scheme: 'http' | 'https'; rest: string } {
  const found = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(url);
  if (found === null) return { scheme: 'http', rest: url };
  const scheme = (found[1] as string).toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') {
    throw new TypeError(`the scheme '${scheme}' is neither http nor https`);
  }
  return { scheme, rest: found[2] as string };
}

function endpointOf(host: string, port: number): Endpoint | undefined {
  const ipv6 = host.includes(':');
  // Four numbers, or what looks like it: a name does not end in one (RFC 3696 §2).
  if (!ipv6 && !/(?:^|\.)[0-9]+$/.test(host)) return undefined;
  return parseEndpoint(ipv6 ? `[${host}]:${port}` : `${host}:${port}`);
}
