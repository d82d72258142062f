import type { Koffi } from './koffi.ts';

/**
 * What passing descriptors needs of the C library. Each answers what the call returns, or the
 * error number, negated. `message` is a struct msghdr; the memory that it names must not move.
 */
export interface PassingCalls {
  sendmsg(channel: number, message: BigUint64Array, flags: number): number;
  recvmsg(channel: number, message: BigUint64Array, flags: number): number;
  socketpair(family: number, type: number, protocol: number, ends: Int32Array): number;
  fcntl(fd: number, command: number, value: number): number;
  close(fd: number): number;
  addressOf(buffer: Uint8Array | BigUint64Array): bigint;
}

export function passingCalls(koffi: Koffi): PassingCalls {
  const library = koffi.load(null);
  const sendmsg = library.func('long sendmsg(int, void *, int)');
  const recvmsg = library.func('long recvmsg(int, void *, int)');
  const socketpair = library.func('int socketpair(int, int, int, void *)');
  // Variadic in C: whole numbers go in the same registers on x86-64 and arm64.
  const fcntl = library.func('int fcntl(int, int, int)');
  const close = library.func('int close(int)');
  const { errno } = koffi;
  const orError = (answer: number): number => (answer < 0 ? -errno() : answer);
  return {
    sendmsg: (channel, message, flags) => orError(sendmsg(channel, message, flags)),
    recvmsg: (channel, message, flags) => orError(recvmsg(channel, message, flags)),
    socketpair: (family, type, protocol, ends) => orError(socketpair(family, type, protocol, ends)),
    fcntl: (fd, command, value) => orError(fcntl(fd, command, value)),
    close: (fd) => orError(close(fd)),
    addressOf: (buffer) => koffi.address(buffer),
  };
}
