import { readFileSync } from 'node:fs';
import type { Endpoint } from '../../src/core/endpoint.ts';

const RANGE_FILE = '/proc/sys/net/ipv4/ip_local_port_range';
const RANGE_USUAL = [32_768, 60_999] as const;

let range: readonly [first: number, last: number] | undefined;

/**
 * May a new connection to `endpoint` be one with itself? Where nobody listens on a port that the
 * system also gives to clients, it may choose that very port for ours: then our SYN meets itself
 * (a simultaneous open, RFC 9293 §3.5), and what we ask comes back as the answer.
 */
export function mayMeetItself(endpoint: Endpoint, local: Endpoint | undefined): boolean {
  if (endpoint.family === 'unix' || (local !== undefined && local.port !== 0)) return false;
  range ??= localPorts();
  return endpoint.port >= range[0] && endpoint.port <= range[1];
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
