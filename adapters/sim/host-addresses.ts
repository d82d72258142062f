import type { Endpoint } from '../../src/core/endpoint.ts';

/** Addresses that mean *any of this host's*. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Does it mean any address of its host? */
export function isWildcard(address: string): boolean {
  return WILDCARDS.has(address);
}

/** Does it mean the host that uses it? All of 127.0.0.0/8 does. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Do sockets bound to these addresses, on one port, stand in each other's way? */
export function addressesOverlap(a: string, b: string): boolean {
  if (a === b) return true;
  const bothV6 = a.includes(':') === b.includes(':');
  return bothV6 && (isWildcard(a) || isWildcard(b));
}

/** The numeric addresses of one host. Loopback ones always mean the host itself. */
export class HostAddresses {
  readonly list: readonly string[];

  constructor(list: readonly string[]) {
    this.list = list;
  }

  owns(address: string): boolean {
    return isWildcard(address) || isLoopback(address) || this.list.includes(address);
  }

  /** The local address that a kernel chooses for a peer; `undefined`: none of its family. */
  sourceFor(remote: Endpoint): string | undefined {
    if (isLoopback(remote.address)) return loopbackOf(remote);
    if (this.list.includes(remote.address)) return remote.address;
    return this.list.find((address) => address.includes(':') === (remote.family === 'ipv6'));
  }
}

/** Sending to a wildcard address means this host, as on Linux. */
export function destinationOf(remote: Endpoint): Endpoint {
  return isWildcard(remote.address) ? { ...remote, address: loopbackOf(remote) } : remote;
}

function loopbackOf(remote: Endpoint): string {
  return remote.family === 'ipv6' ? '::1' : '127.0.0.1';
}
