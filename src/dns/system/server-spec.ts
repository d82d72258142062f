import type { Endpoint } from '../../core/endpoint.ts';
import { formatEndpoint, parsePort } from '../../net/address.ts';
import { ipOf } from './ip-text.ts';
import { DNS_PORT } from './resolv-conf.ts';

/** Servers that a resolver may be given. */
export const SERVERS_MAX: number = 8;

/** A name server, as data. `tls` is refused: it is not there yet. */
export type ServerSpec = {
  /** Numeric, IPv6 without brackets, `%zone` allowed. */
  readonly address: string;
  /** Default 53. */
  readonly port?: number | undefined;
  /** Default `udp`, with TCP for what is too long. */
  readonly transport?: 'udp' | 'tcp' | 'tls' | undefined;
  readonly tlsName?: string | undefined;
};

/** Whom to ask, and how. */
export type ServerAddress = {
  readonly endpoint: Endpoint;
  /** `udp` goes over to TCP where an answer is too long for it. */
  readonly transport: 'udp' | 'tcp';
  /** As people write it: `192.0.2.1:53`, `[fe80::1%eth0]:53`. */
  readonly text: string;
};

/**
 * Reads `127.0.0.1`, `127.0.0.1:5353`, `::1`, `[::1]:5353`, `fe80::1%eth0`, each also after `udp://`
 * or `tcp://`; or takes the same as data. Throws a `TypeError` that says what is wrong.
 */
export function parseServer(spec: string | ServerSpec): ServerAddress {
  return typeof spec === 'string' ? ofText(spec) : ofSpec(spec);
}

/** Reads a list; a server that is there twice is asked once. */
export function parseServers(specs: readonly (string | ServerSpec)[]): readonly ServerAddress[] {
  const servers = new Map<string, ServerAddress>();
  for (const spec of specs) {
    const server = parseServer(spec);
    const key = `${server.transport} ${server.text}`;
    if (!servers.has(key)) servers.set(key, server);
  }
  if (servers.size === 0 || servers.size > SERVERS_MAX) {
    throw new TypeError(`servers: 1 to ${SERVERS_MAX}, and ${servers.size} were given`);
  }
  return [...servers.values()];
}

/** A server that somebody else has read already, of a resolv.conf. */
export function serverAt(endpoint: Endpoint, transport: 'udp' | 'tcp' = 'udp'): ServerAddress {
  return { endpoint, transport, text: formatEndpoint(endpoint) };
}

function ofText(text: string): ServerAddress {
  const [, scheme = 'udp', rest = ''] = /^(?:([a-z0-9+.-]+):\/\/)?(.*)$/is.exec(text) ?? [];
  const { host, port } = hostAndPort(text, rest);
  return made(text, host, port, scheme.toLowerCase());
}

function ofSpec(spec: ServerSpec): ServerAddress {
  const { address, port = DNS_PORT, transport = 'udp', tlsName } = spec;
  const text = String(address);
  if (tlsName !== undefined && transport !== 'tls') {
    throw bad(text, 'tlsName belongs to the transport tls');
  }
  return made(text, text, port, transport);
}

function hostAndPort(text: string, rest: string): { host: string; port: number } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(rest);
  if (bracketed !== null) {
    const [, host = '', port] = bracketed;
    if (!host.includes(':')) throw bad(text, 'only an IPv6 address stands in brackets');
    return { host, port: port === undefined ? DNS_PORT : portOf(text, port) };
  }
  if (rest.startsWith('[')) throw bad(text, 'only a port may follow a ]');
  const colon = rest.indexOf(':');
  // An IPv6 address without brackets can only be one without a port.
  if (colon < 0 || colon !== rest.lastIndexOf(':')) return { host: rest, port: DNS_PORT };
  return { host: rest.slice(0, colon), port: portOf(text, rest.slice(colon + 1)) };
}

function portOf(text: string, digits: string): number {
  try {
    return parsePort(digits);
  } catch {
    throw bad(text, `${JSON.stringify(digits)} is no port`);
  }
}

function made(text: string, host: string, port: number, transport: string): ServerAddress {
  if (transport === 'tls') throw bad(text, 'DNS over TLS is not there yet');
  if (transport !== 'udp' && transport !== 'tcp') {
    throw bad(text, `${JSON.stringify(transport)} is no transport: udp, tcp`);
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw bad(text, 'a port is a whole number from 1 to 65535');
  }
  const ip = ipOf(host);
  if (ip === undefined) throw bad(text, whyNoAddress(host));
  return serverAt({ family: ip.family, address: ip.address, port }, transport);
}

function whyNoAddress(host: string): string {
  if (host === '') return 'an address is missing';
  const isName = /^[a-z0-9_.-]*[a-z_-][a-z0-9_.-]*$/i.test(host);
  return isName ? 'a name, not an address: who would look it up?' : 'not an IP address';
}

function bad(text: string, what: string): TypeError {
  return new TypeError(`name server ${JSON.stringify(text)}: ${what}`);
}
