import { Buffer } from 'node:buffer';
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { AF_INET, AF_INET6, AF_UNIX } from './constants.ts';

/** sockaddr_un, the largest: two bytes of family and 108 of path. */
export const ADDRESS_BYTES: number = 110;
const PATH_BYTES_MAX = 107;
const PORT_MAX = 65_535;
const FAMILY: Readonly<Record<Endpoint['family'], number>> = {
  ipv4: AF_INET,
  ipv6: AF_INET6,
  unix: AF_UNIX,
};

export function familyOf(endpoint: Endpoint): number {
  return FAMILY[endpoint.family];
}

/** The endpoint as the kernel's `sockaddr`; `undefined` when it is no numeric address or path. */
export function encodeAddress({ family, address, port }: Endpoint): Buffer | undefined {
  switch (family) {
    case 'ipv4':
      return isIPv4(address) && isPort(port) ? encodeIPv4(address, port) : undefined;
    case 'ipv6':
      return encodeIPv6(address, port);
    case 'unix':
      return encodePath(address);
    default:
      return family satisfies never;
  }
}

/** What the kernel wrote: a UNIX socket without a name has an empty path. */
export function decodeAddress(encoded: Buffer, bytes: number): Endpoint | undefined {
  if (bytes < 2) return undefined;
  switch (encoded.readUInt16LE(0)) {
    case AF_INET:
      return ipv4Endpoint(encoded.readInt32BE(4), encoded.readUInt16BE(2));
    case AF_INET6:
      return { family: 'ipv6', address: textOfIPv6(encoded), port: encoded.readUInt16BE(2) };
    case AF_UNIX:
      return { family: 'unix', address: pathOf(encoded.subarray(2, bytes)), port: 0 };
    default:
      return undefined;
  }
}

/** `address`: 32 bits, the first number of the dotted quad in the highest eight. */
export function ipv4Endpoint(address: number, port: number): Endpoint {
  const quad = [address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff];
  return { family: 'ipv4', address: quad.join('.'), port };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= PORT_MAX;
}

/** A path ends with NUL; a name that begins with NUL is abstract, and ends where it ends. */
function encodePath(address: string): Buffer | undefined {
  const path = Buffer.from(address, 'utf8');
  const isAbstract = path[0] === 0;
  if (path.length === 0 || path.length > PATH_BYTES_MAX) return undefined;
  if (!isAbstract && path.includes(0)) return undefined;
  const encoded = Buffer.alloc(2 + path.length + (isAbstract ? 0 : 1));
  encoded.writeUInt16LE(AF_UNIX, 0);
  path.copy(encoded, 2);
  return encoded;
}

function pathOf(name: Buffer): string {
  const end = name[0] === 0 ? -1 : name.indexOf(0);
  return name.toString('utf8', 0, end < 0 ? name.length : end);
}

function encodeIPv4(address: string, port: number): Buffer {
  const encoded = Buffer.alloc(16);
  encoded.writeUInt16LE(AF_INET, 0);
  encoded.writeUInt16BE(port, 2);
  encoded.set(address.split('.').map(Number), 4);
  return encoded;
}

function encodeIPv6(address: string, port: number): Buffer | undefined {
  if (!isIPv6(address) || !isPort(port)) return undefined;
  const encoded = Buffer.alloc(28);
  encoded.writeUInt16LE(AF_INET6, 0);
  encoded.writeUInt16BE(port, 2);
  const [text = '', zone = ''] = address.split('%');
  const scopeId = scopeIdOf(zone);
  if (scopeId === undefined) return undefined;
  const [before = '', after] = text.split('::');
  const head = groupsOf(before);
  const tail = after === undefined ? [] : groupsOf(after);
  const groups = [...head, ...new Array(8 - head.length - tail.length).fill(0), ...tail];
  for (let i = 0; i < 8; i += 1) encoded.writeUInt16BE(groups[i] ?? 0, 8 + 2 * i);
  encoded.writeUInt32LE(scopeId, 24);
  return encoded;
}

/**
 * The number of an interface, 0 where no zone was written; `undefined`: there is no such one. An
 * interface that can be a zone has a link-local address, and Node knows its number from there.
 */
function scopeIdOf(zone: string): number | undefined {
  if (/^[0-9]*$/.test(zone)) return Number(zone) > 0xffff_ffff ? undefined : Number(zone);
  const addresses = networkInterfaces()[zone] ?? [];
  for (const one of addresses) if (one.family === 'IPv6' && one.scopeid > 0) return one.scopeid;
  return undefined;
}

/** Sixteen-bit groups; a dotted quad at the end is two of them. */
function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** RFC 5952: the longest run of zeros is left out; lower case. */
function textOfIPv6(encoded: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => encoded.readUInt16BE(8 + 2 * i));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i += 1) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run += 1;
    if (run > length) {
      start = i;
      length = run;
    }
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return start < 0 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}
