import { Buffer } from 'node:buffer';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { type Fault, ownFault } from '../../src/core/fault.ts';
import type { AdoptOperation, SocketKind } from '../../src/core/operation.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  IPPROTO_TCP,
  O_NONBLOCK,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from './constants.ts';
import { faultOfErrno } from './fault-of-errno.ts';
import { ADDRESS_BYTES, decodeAddress } from './socket-address.ts';

/** What is asked of a descriptor, in the words of each adapter's system calls. */
export interface DescriptorCalls {
  fcntl(fd: number, command: number, value: number): number;
  getsockopt(fd: number, level: number, name: number, value: Int32Array): number;
  setsockopt(fd: number, level: number, name: number, value: Int32Array): number;
  getpeername(fd: number, address: Uint8Array, length: Int32Array): number;
}

/** What a descriptor turned out to be. */
export type Adoptable = {
  readonly family: Endpoint['family'];
  /** `undefined`: it is not connected, or no more. */
  readonly remote: Endpoint | undefined;
};

const FAMILY: Readonly<Record<number, Endpoint['family']>> = {
  [AF_INET]: 'ipv4',
  [AF_INET6]: 'ipv6',
  [AF_UNIX]: 'unix',
};
const ON = new Int32Array([1]);

/**
 * Makes sure that a descriptor is what the operation says, and as the adapters' own are:
 * non-blocking, closed on exec, small segments sent at once. Changes nothing before it is sure.
 */
export function prepareToAdopt(
  calls: DescriptorCalls,
  { descriptor, as }: AdoptOperation,
): Adoptable | Fault {
  const domain = option(calls, descriptor, SO_DOMAIN);
  const type = option(calls, descriptor, SO_TYPE);
  const listens = option(calls, descriptor, SO_ACCEPTCONN);
  for (const answer of [domain, type, listens]) {
    if (answer < 0) return faultOfErrno(answer, 'getsockopt');
  }
  const family = FAMILY[domain];
  if (family === undefined || kindOf(type, listens) !== as) {
    return ownFault('badArgument', 'adopt');
  }
  const flags = calls.fcntl(descriptor, F_GETFL, 0);
  const answers = [flags, calls.fcntl(descriptor, F_SETFD, FD_CLOEXEC)];
  if (flags >= 0) answers.push(calls.fcntl(descriptor, F_SETFL, flags | O_NONBLOCK));
  for (const answer of answers) if (answer < 0) return faultOfErrno(answer, 'fcntl');
  if (family !== 'unix' && as !== 'datagrams') {
    calls.setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, ON);
  }
  return { family, remote: peerOf(calls, descriptor) };
}

function kindOf(type: number, listens: number): SocketKind | undefined {
  if (type === SOCK_DGRAM) return 'datagrams';
  if (type !== SOCK_STREAM) return undefined;
  return listens === 0 ? 'stream' : 'listener';
}

/** The option's value, or a negated error number: none of these values is negative. */
function option(calls: DescriptorCalls, descriptor: number, name: number): number {
  const value = new Int32Array(1);
  const answer = calls.getsockopt(descriptor, SOL_SOCKET, name, value);
  return answer < 0 ? answer : (value[0] as number);
}

function peerOf(calls: DescriptorCalls, descriptor: number): Endpoint | undefined {
  const address = Buffer.alloc(ADDRESS_BYTES);
  const length = new Int32Array([ADDRESS_BYTES]);
  if (calls.getpeername(descriptor, address, length) < 0) return undefined;
  return decodeAddress(address, length[0] as number);
}
