import { readFileSync } from 'node:fs';
import type { ConnectOperation } from '../../src/core/operation.ts';
import { decodeAddress } from '../linux/socket-address.ts';
import type { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
import type { SystemCalls } from './system-calls.ts';

const RANGE_FILE = '/proc/sys/net/ipv4/ip_local_port_range';
const RANGE_USUAL = [32_768, 60_999] as const;

let range: readonly [first: number, last: number] | undefined;

/**
 * Is a new connection one with itself? Where nobody listens on a port that the system also gives
 * to clients, it may choose that very port for ours: then our SYN meets itself (a simultaneous
 * open, RFC 9293 §3.5), and what we ask comes back as the answer. Asks the kernel only for ports
 * that can be chosen so.
 */
export function isSelfConnected(
  calls: SystemCalls,
  { address, int }: EpollMemory,
  { fd }: EpollSocket,
  { endpoint, local }: ConnectOperation,
): boolean {
  if (endpoint.family === 'unix' || (local !== undefined && local.port !== 0)) return false;
  range ??= localPorts();
  if (endpoint.port < range[0] || endpoint.port > range[1]) return false;
  const own = endpointOf(calls.getsockname(fd, address, whole(int, address.length)));
  if (own?.port !== endpoint.port) return false;
  const peer = endpointOf(calls.getpeername(fd, address, whole(int, address.length)));
  return peer?.port === own.port && peer.address === own.address;

  function endpointOf(answer: number): ReturnType<typeof decodeAddress> {
    return answer < 0 ? undefined : decodeAddress(address, int[0] as number);
  }
}

function whole(int: Int32Array, length: number): Int32Array {
  int[0] = length;
  return int;
}

function localPorts(): readonly [number, number] {
  try {
    const [first, last] = readFileSync(RANGE_FILE, 'latin1').trim().split(/\s+/).map(Number);
    if (first && last) return [first, last];
  } catch {
    // Another kernel, or no /proc.
  }
  return RANGE_USUAL;
}
