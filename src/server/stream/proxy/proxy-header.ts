import type { Endpoint } from '../../../core/endpoint.ts';
import { parseIp } from '../../../net/ip.ts';

const NOTHING = new Uint8Array(0);
const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10];
const VERSION_2 = 0x20;
const LOCAL = 0;
const PROXY = 1;
const STREAM = 1;
const FAMILIES = { ipv4: 1, ipv6: 2 } as const;

/** The PROXY protocol's head for a connection from `from` to `to`; version 0: none. */
export function proxyHeader(version: 0 | 1 | 2, from: Endpoint, to: Endpoint): Uint8Array {
  if (version === 0) return NOTHING;
  return version === 1 ? latin1(line(from, to)) : binary(from, to);
}

function line(from: Endpoint, to: Endpoint): string {
  if (from.family === 'unix' || from.family !== to.family) return 'PROXY UNKNOWN\r\n';
  const kind = from.family === 'ipv4' ? 'TCP4' : 'TCP6';
  return `PROXY ${kind} ${from.address} ${to.address} ${from.port} ${to.port}\r\n`;
}

function binary(from: Endpoint, to: Endpoint): Uint8Array {
  const source = parseIp(from.address);
  const destination = parseIp(to.address);
  const known = from.family === to.family && from.family !== 'unix';
  if (!known || typeof source !== 'object' || typeof destination !== 'object') {
    return Uint8Array.from([...SIGNATURE, VERSION_2 | LOCAL, 0, 0, 0]);
  }
  const { family } = from;
  const kind = (FAMILIES[family as 'ipv4' | 'ipv6'] << 4) | STREAM;
  const bytes = source.length + destination.length + 4;
  return Uint8Array.from([
    ...SIGNATURE,
    VERSION_2 | PROXY,
    kind,
    ...two(bytes),
    ...source,
    ...destination,
    ...two(from.port),
    ...two(to.port),
  ]);
}

function two(number: number): [number, number] {
  return [number >> 8, number & 255];
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
