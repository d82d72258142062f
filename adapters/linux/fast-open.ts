import type { Endpoint } from '../../src/core/endpoint.ts';
import { type Fault, ownFault } from '../../src/core/fault.ts';
import { IPPROTO_TCP, TCP_FASTOPEN, TCP_FASTOPEN_CONNECT } from './constants.ts';
import { faultOfErrno } from './fault-of-errno.ts';

interface OptionCalls {
  setsockopt(fd: number, level: number, name: number, value: Int32Array): number;
}

const ON = new Int32Array([1]);

/**
 * Lets a socket that will listen take data with a SYN (RFC 7413), from at most `queue` connections
 * that are not confirmed yet. Bit 1 of net.ipv4.tcp_fastopen decides whether it comes to that.
 */
export function acceptFastOpen(
  calls: OptionCalls,
  fd: number,
  family: Endpoint['family'],
  queue: number,
): Fault | undefined {
  if (queue === 0) return undefined;
  return set(calls, fd, family, TCP_FASTOPEN, new Int32Array([queue]));
}

/**
 * Puts the SYN off until the first send, where there is a cookie from an earlier connection; else
 * the SYN goes at once and asks for one. The kernel refuses where bit 0 of net.ipv4.tcp_fastopen
 * is not set.
 */
export function connectWithFastOpen(
  calls: OptionCalls,
  fd: number,
  family: Endpoint['family'],
  wanted: boolean,
): Fault | undefined {
  if (!wanted) return undefined;
  return set(calls, fd, family, TCP_FASTOPEN_CONNECT, ON);
}

function set(
  calls: OptionCalls,
  fd: number,
  family: Endpoint['family'],
  name: number,
  value: Int32Array,
): Fault | undefined {
  if (family === 'unix') return ownFault('unsupported', 'fastOpen');
  const answer = calls.setsockopt(fd, IPPROTO_TCP, name, value);
  return answer < 0 ? faultOfErrno(answer, 'setsockopt') : undefined;
}
