import type { PipeCalls } from '../linux/pipes.ts';

/**
 * The system calls of the adapter. Each answers as the kernel does: what it returns, or the error
 * number, negated. Addresses of memory are numbers; the memory stays the caller's and must not
 * move during the call.
 */
export interface SystemCalls extends PipeCalls {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, bytes: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: Uint8Array, length: Int32Array, flags: number): number;
  connect(fd: number, address: Uint8Array, bytes: number): number;
  getsockname(fd: number, address: Uint8Array, length: Int32Array): number;
  getpeername(fd: number, address: Uint8Array, length: Int32Array): number;
  getsockopt(fd: number, level: number, name: number, value: Int32Array): number;
  setsockopt(fd: number, level: number, name: number, value: Int32Array): number;
  recv(fd: number, address: number, bytes: number, flags: number): number;
  send(fd: number, address: number, bytes: number, flags: number): number;
  /** `vectors`: pairs of address and length, 64 bits each. */
  writev(fd: number, vectors: BigUint64Array, count: number): number;
  recvfrom(
    fd: number,
    address: number,
    bytes: number,
    flags: number,
    from: Uint8Array,
    length: Int32Array,
  ): number;
  sendto(
    fd: number,
    data: Uint8Array,
    bytes: number,
    flags: number,
    to: Uint8Array | null,
    length: number,
  ): number;
  sendfile(to: number, from: number, position: BigInt64Array, bytes: number): number;
  shutdown(fd: number, how: number): number;
  epollCreate(): number;
  epollControl(epoll: number, operation: number, fd: number, event: Int32Array | null): number;
  epollWait(epoll: number, events: Int32Array, count: number, timeoutMs: number): number;
  /** Where a buffer's memory is. */
  addressOf(buffer: Uint8Array | BigUint64Array): number;
}
