import type { Endpoint } from '../../src/core/endpoint.ts';
import { type Fault, fault, ownFault } from '../../src/core/fault.ts';
import type {
  ConnectOperation,
  ListenOperation,
  UdpOpenOperation,
} from '../../src/core/operation.ts';
import {
  EAGAIN,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
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
import { decodeAddress, encodeAddress, familyOf } from '../linux/socket-address.ts';
import { IORING_OP_CONNECT } from './constants.ts';
import type { Driver } from './driver.ts';
import { TAG } from './tag.ts';
import { NO_PORT, type UringSocket } from './uring-socket.ts';

/** A descriptor, or why there is none. */
type Opened = number | Fault;

export type OpenOperation = ListenOperation | ConnectOperation | UdpOpenOperation;

/** Makes the operation's socket, or says why there is none. A connect is then under way. */
export function open(driver: Driver, operation: OpenOperation): Fault | undefined {
  const { kind } = operation;
  switch (kind) {
    case 'listen':
      operation.bound = undefined;
      return openListener(driver, operation);
    case 'udpOpen':
      operation.bound = undefined;
      return openDatagrams(driver, operation);
    case 'connect':
      return openStream(driver, operation);
    default:
      return kind satisfies never;
  }
}

/** socket, bind, listen. Accepted sockets inherit TCP_NODELAY from the listener. */
function openListener(driver: Driver, operation: ListenOperation): Fault | undefined {
  const { calls, memory } = driver;
  const { endpoint, backlog, reusePort, fastOpen } = operation;
  const fd = newSocket(driver, endpoint, SOCK_STREAM);
  if (typeof fd !== 'number') return fd;
  const on = memory.set(1);
  if (endpoint.family !== 'unix') calls.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on);
  if (reusePort) calls.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, on);
  const why =
    bindTo(driver, fd, endpoint) ??
    acceptFastOpen(calls, fd, endpoint.family, fastOpen) ??
    failure(calls.listen(fd, backlog), 'listen');
  if (why !== undefined) return close(driver, fd, why);
  const listener = driver.adopt(fd, 'listener', endpoint.family);
  const named = endpoint.family === 'unix' && !endpoint.address.startsWith('\0');
  if (named) listener.path = endpoint.address;
  operation.socket = listener.id;
  operation.bound = localEndpoint(driver, listener) ?? endpoint;
  return undefined;
}

/** socket, bind, and connect where there is a remote. */
function openDatagrams(driver: Driver, operation: UdpOpenOperation): Fault | undefined {
  const { local, remote } = operation;
  const fd = newSocket(driver, local, SOCK_DGRAM);
  if (typeof fd !== 'number') return fd;
  const why = bindTo(driver, fd, local) ?? connectTo(driver, fd, remote);
  if (why !== undefined) return close(driver, fd, why);
  const socket = driver.adopt(fd, 'datagrams', local.family);
  socket.remote = remote;
  operation.socket = socket.id;
  operation.bound = localEndpoint(driver, socket);
  return undefined;
}

/** socket, bind where asked; the connect itself is a request, which waits for the peer. */
function openStream(driver: Driver, operation: ConnectOperation): Fault | undefined {
  const { endpoint, local, fastOpen } = operation;
  const to = encodeAddress(endpoint);
  if (to === undefined) return ownFault('badArgument', 'connect');
  const fd = newSocket(driver, endpoint, SOCK_STREAM);
  if (typeof fd !== 'number') return fd;
  const why =
    (local === undefined ? undefined : bindTo(driver, fd, local)) ??
    connectWithFastOpen(driver.calls, fd, endpoint.family, fastOpen);
  if (why !== undefined) return close(driver, fd, why);
  if (endpoint.family === 'unix') return openUnix(driver, operation, fd, to);
  const at = outgoing(driver, to);
  if (at < 0) return close(driver, fd, ownFault('noBuffers', 'connect'));
  const socket = begin(driver, operation, fd);
  const address = driver.memory.outgoingAddress + at;
  // struct io_uring_sqe: a connect has the address's length in `off`.
  driver.ring.prepare(IORING_OP_CONNECT, fd, address, 0, 0, socket.id, TAG.connected, to.length);
  return undefined;
}

/**
 * A UNIX connect is over at once: a listener whose backlog is full refuses, where a request would
 * wait in a thread of the kernel's.
 */
function openUnix(
  driver: Driver,
  operation: ConnectOperation,
  fd: number,
  to: Uint8Array,
): Fault | undefined {
  const answer = driver.calls.connect(fd, to, to.length);
  if (answer < 0) return close(driver, fd, connectFault(answer));
  const { id } = begin(driver, operation, fd);
  driver.ring.echo(id, TAG.connected);
  return undefined;
}

function begin(driver: Driver, operation: ConnectOperation, fd: number): UringSocket {
  const { endpoint } = operation;
  const socket = driver.adopt(fd, 'stream', endpoint.family);
  socket.opening = operation;
  socket.remote = endpoint;
  operation.socket = socket.id;
  return socket;
}

function connectFault(answer: number): Fault {
  if (answer !== -EAGAIN) return faultOfErrno(answer, 'connect');
  return fault('refused', { code: 'EAGAIN', errno: answer, call: 'connect' });
}

/** Copies `bytes` to where a request may refer to them; negative: there is no room. */
export function outgoing(driver: Driver, bytes: Uint8Array): number {
  let at = driver.memory.take(bytes.length);
  if (at < 0) {
    driver.handOver();
    at = driver.memory.take(bytes.length);
  }
  if (at >= 0) driver.memory.outgoing.set(bytes, at);
  return at;
}

export function localEndpoint(driver: Driver, socket: UringSocket): Endpoint | undefined {
  return endpointBy(driver, 'getsockname', socket);
}

export function remoteEndpoint(driver: Driver, socket: UringSocket): Endpoint | undefined {
  const { remote, remoteHost, remotePort } = socket;
  if (remotePort !== NO_PORT) return endpointIPv4(remoteHost, remotePort);
  return remote ?? systemsRemoteEndpoint(driver, socket);
}

/** Who the peer is according to the system, which forgets it when the connection breaks. */
export function systemsRemoteEndpoint(driver: Driver, socket: UringSocket): Endpoint | undefined {
  return endpointBy(driver, 'getpeername', socket);
}

function endpointIPv4(host: number, port: number): Endpoint {
  const address = `${host >>> 24}.${(host >>> 16) & 255}.${(host >>> 8) & 255}.${host & 255}`;
  return { family: 'ipv4', address, port };
}

function endpointBy(
  { calls, memory }: Driver,
  call: 'getsockname' | 'getpeername',
  { fd }: UringSocket,
): Endpoint | undefined {
  const length = memory.set(memory.address.length);
  if (calls[call](fd, memory.address, length) < 0) return undefined;
  return decodeAddress(memory.address, memory.int[0] as number);
}

function newSocket({ calls, memory }: Driver, endpoint: Endpoint, type: number): Opened {
  const fd = calls.socket(familyOf(endpoint), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return faultOfErrno(fd, 'socket');
  const on = memory.set(1);
  if (endpoint.family === 'ipv6') calls.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, on);
  const tcp = type === SOCK_STREAM && endpoint.family !== 'unix';
  if (tcp) calls.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, on);
  return fd;
}

function bindTo({ calls }: Driver, fd: number, local: Endpoint): Fault | undefined {
  const address = encodeAddress(local);
  if (address === undefined) return ownFault('badArgument', 'bind');
  return failure(calls.bind(fd, address, address.length), 'bind');
}

function connectTo({ calls }: Driver, fd: number, to: Endpoint | undefined): Fault | undefined {
  if (to === undefined) return undefined;
  const address = encodeAddress(to);
  if (address === undefined) return ownFault('badArgument', 'connect');
  return failure(calls.connect(fd, address, address.length), 'connect');
}

function failure(answer: number, call: string): Fault | undefined {
  return answer < 0 ? faultOfErrno(answer, call) : undefined;
}

function close({ calls }: Driver, fd: number, why: Fault): Fault {
  calls.close(fd);
  return why;
}
