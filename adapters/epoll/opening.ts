import type { Endpoint } from '../../src/core/endpoint.ts';
import { type Fault, fault, ownFault } from '../../src/core/fault.ts';
import type {
  ConnectOperation,
  ListenOperation,
  UdpOpenOperation,
} from '../../src/core/operation.ts';
import {
  EAGAIN,
  EINPROGRESS,
  EINTR,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_ERROR,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from '../linux/constants.ts';
import { acceptFastOpen, connectWithFastOpen } from '../linux/fast-open.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import { encodeAddress, familyOf } from '../linux/socket-address.ts';
import type { EpollMemory } from './epoll-memory.ts';
import { EpollSocket } from './epoll-socket.ts';
import type { SystemCalls } from './system-calls.ts';

/** A socket, or why there is none. */
export type Opened = EpollSocket | Fault;

/** socket, bind, listen. */
export function openListener(
  calls: SystemCalls,
  memory: EpollMemory,
  { endpoint, backlog, reusePort, fastOpen, balance }: ListenOperation,
): Opened {
  const fd = calls.socket(familyOf(endpoint), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return faultOfErrno(fd, 'socket');
  const on = set(memory, 1);
  if (endpoint.family !== 'unix') calls.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on);
  if (reusePort) calls.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, on);
  if (endpoint.family === 'ipv6') calls.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, on);
  noDelay(calls, memory, fd, endpoint.family); // What is accepted inherits it, without a call.
  const why =
    bindTo(calls, fd, endpoint) ??
    acceptFastOpen(calls, fd, endpoint.family, fastOpen) ??
    failure(calls.listen(fd, backlog), 'listen');
  if (why !== undefined) return close(calls, fd, why);
  const socket = new EpollSocket(fd, 'listener', endpoint.family);
  socket.exclusive = balance === 'exclusive';
  const named = endpoint.family === 'unix' && !endpoint.address.startsWith('\0');
  if (named) socket.path = endpoint.address;
  return socket;
}

/** socket, bind where asked, connect; which may still be under way. */
export function openStream(
  calls: SystemCalls,
  memory: EpollMemory,
  { endpoint, local, fastOpen }: ConnectOperation,
): Opened {
  const to = encodeAddress(endpoint);
  if (to === undefined) return ownFault('badArgument', 'connect');
  const fd = calls.socket(familyOf(endpoint), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return faultOfErrno(fd, 'socket');
  const why =
    (local === undefined ? undefined : bindTo(calls, fd, local)) ??
    connectWithFastOpen(calls, fd, endpoint.family, fastOpen);
  if (why !== undefined) return close(calls, fd, why);
  noDelay(calls, memory, fd, endpoint.family);
  const answer = calls.connect(fd, to, to.length);
  if (answer < 0 && answer !== -EINPROGRESS && answer !== -EINTR) {
    return close(calls, fd, connectFault(answer));
  }
  const socket = new EpollSocket(fd, 'stream', endpoint.family);
  socket.remote = endpoint;
  return socket;
}

/** socket, bind, and connect where there is a remote. */
export function openDatagrams(
  calls: SystemCalls,
  memory: EpollMemory,
  { local, remote }: UdpOpenOperation,
): Opened {
  const fd = calls.socket(familyOf(local), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return faultOfErrno(fd, 'socket');
  if (local.family === 'ipv6') {
    calls.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, set(memory, 1));
  }
  const why = bindTo(calls, fd, local);
  if (why !== undefined) return close(calls, fd, why);
  if (remote !== undefined) {
    const to = encodeAddress(remote);
    if (to === undefined) return close(calls, fd, ownFault('badArgument', 'connect'));
    const answer = calls.connect(fd, to, to.length);
    if (answer < 0) return close(calls, fd, faultOfErrno(answer, 'connect'));
  }
  const socket = new EpollSocket(fd, 'datagrams', local.family);
  socket.remote = remote;
  return socket;
}

/** A UNIX listener whose backlog is full takes nobody: connect(2) says EAGAIN, and never later. */
function connectFault(answer: number): Fault {
  if (answer !== -EAGAIN) return faultOfErrno(answer, 'connect');
  return fault('refused', { code: 'EAGAIN', errno: answer, call: 'connect' });
}

/** What became of a connect, once the socket is writable: 0, or a negated error number. */
export function connectError(calls: SystemCalls, memory: EpollMemory, { fd }: EpollSocket): number {
  const answer = calls.getsockopt(fd, SOL_SOCKET, SO_ERROR, set(memory, 0));
  return answer < 0 ? answer : -(memory.int[0] as number);
}

function noDelay(
  calls: SystemCalls,
  memory: EpollMemory,
  fd: number,
  family: Endpoint['family'],
): void {
  if (family !== 'unix') calls.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, set(memory, 1));
}

function bindTo(calls: SystemCalls, fd: number, local: Endpoint): Fault | undefined {
  const address = encodeAddress(local);
  if (address === undefined) return ownFault('badArgument', 'bind');
  return failure(calls.bind(fd, address, address.length), 'bind');
}

function failure(answer: number, call: string): Fault | undefined {
  return answer < 0 ? faultOfErrno(answer, call) : undefined;
}

function close(calls: SystemCalls, fd: number, why: Fault): Fault {
  calls.close(fd);
  return why;
}

function set(memory: EpollMemory, value: number): Int32Array {
  memory.int[0] = value;
  return memory.int;
}
