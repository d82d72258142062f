import type { PipeCalls } from '../linux/pipes.ts';

/** Memory that the kernel shares with us, until `unmap`: touching it later ends the process. */
export type Mapping = { readonly buffer: ArrayBuffer; unmap(): void };

/**
 * The system calls of the adapter. Each answers as the kernel does: what it returns, or the error
 * number, negated. Addresses of memory are numbers; the memory stays the caller's and must not
 * move during the call.
 */
export interface SystemCalls extends PipeCalls {
  /** `parameters`: struct io_uring_params, in and out. */
  ringSetup(entries: number, parameters: Uint8Array): number;
  /** Hands over `count` entries of the submission queue; runs what the kernel has put off. */
  ringEnter(ring: number, count: number, flags: number): number;
  ringRegister(ring: number, what: number, argument: Uint8Array, count: number): number;
  /** `undefined`: the kernel refused. */
  map(fd: number, bytes: number, offset: number): Mapping | undefined;
  eventfd(): number;
  /** Takes an eventfd's count, so that it is readable no more. */
  drainEventfd(fd: number): number;
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, bytes: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, flags: number): number;
  /** For datagram and UNIX sockets, which never wait. */
  connect(fd: number, address: Uint8Array, bytes: number): number;
  getsockname(fd: number, address: Uint8Array, length: Int32Array): number;
  getpeername(fd: number, address: Uint8Array, length: Int32Array): number;
  getsockopt(fd: number, level: number, name: number, value: Int32Array): number;
  setsockopt(fd: number, level: number, name: number, value: Int32Array): number;
  recv(fd: number, address: number, bytes: number, flags: number): number;
  recvfrom(
    fd: number,
    address: number,
    bytes: number,
    flags: number,
    from: Uint8Array,
    length: Int32Array,
  ): number;
  sendfile(to: number, from: number, position: BigInt64Array, bytes: number): number;
  shutdown(fd: number, how: number): number;
  /** Where a buffer's memory is. */
  addressOf(buffer: Uint8Array): number;
}
