import { SOCK_CLOEXEC } from '../linux/constants.ts';
import type { Koffi, Native } from '../linux/koffi.ts';
import type { SystemCalls } from './system-calls.ts';

// `fcntl` is variadic in C. With whole numbers alone, a plain prototype passes its arguments in the
// same registers on x86-64 and arm64.
const DECLARATIONS = {
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, void *, int)',
  listen: 'int listen(int, int)',
  accept4: 'int accept4(int, uint64_t, uint64_t, int)',
  connect: 'int connect(int, void *, int)',
  getsockname: 'int getsockname(int, void *, void *)',
  getpeername: 'int getpeername(int, void *, void *)',
  getsockopt: 'int getsockopt(int, int, int, void *, void *)',
  setsockopt: 'int setsockopt(int, int, int, void *, int)',
  recv: 'long recv(int, uint64_t, long, int)',
  send: 'long send(int, uint64_t, long, int)',
  writev: 'long writev(int, uint64_t, int)',
  recvfrom: 'long recvfrom(int, uint64_t, long, int, void *, void *)',
  sendto: 'long sendto(int, void *, long, int, void *, int)',
  sendfile: 'long sendfile(int, int, void *, long)',
  fcntl: 'int fcntl(int, int, int)',
  pipe2: 'int pipe2(void *, int)',
  splice: 'long splice(int, void *, int, void *, long, unsigned int)',
  tee: 'long tee(int, int, long, unsigned int)',
  read: 'long read(int, uint64_t, long)',
  shutdown: 'int shutdown(int, int)',
  close: 'int close(int)',
  epollCreate: 'int epoll_create1(int)',
  epollControl: 'int epoll_ctl(int, int, int, uint64_t)',
  epollWait: 'int epoll_wait(int, uint64_t, int, int)',
} as const;

const INT_BYTES = 4;

type Memory = Uint8Array | Int32Array | BigUint64Array;

/** The C library's calls through koffi: no call costs more than it does from C, but for 100 ns. */
export function linuxCalls(koffi: Koffi): SystemCalls {
  const library = koffi.load(null); // The process itself has the C library, whatever its name.
  const native = {} as Record<keyof typeof DECLARATIONS, Native>;
  for (const [name, declaration] of Object.entries(DECLARATIONS)) {
    native[name as keyof typeof DECLARATIONS] = library.func(declaration);
  }
  const { errno } = koffi;
  const orError = (answer: number): number => (answer < 0 ? -errno() : answer);
  const optionBytes = new Int32Array(1);
  const addressOf = (memory: Memory): number => Number(koffi.address(memory));
  // Nearly always the same: each port has its own memory for them.
  const [peers, lengths] = [lastAddress(addressOf), lastAddress(addressOf)];
  const [vectorsAt, eventAt, eventsAt] = [
    lastAddress(addressOf),
    lastAddress(addressOf),
    lastAddress(addressOf),
  ];
  return {
    socket: (family, type, protocol) => orError(native.socket(family, type, protocol)),
    bind: (fd, address, bytes) => orError(native.bind(fd, address, bytes)),
    listen: (fd, backlog) => orError(native.listen(fd, backlog)),
    accept4: (fd, address, length, flags) =>
      orError(native.accept4(fd, peers(address), lengths(length), flags)),
    connect: (fd, address, bytes) => orError(native.connect(fd, address, bytes)),
    getsockname: (fd, address, length) => orError(native.getsockname(fd, address, length)),
    getpeername: (fd, address, length) => orError(native.getpeername(fd, address, length)),
    getsockopt(fd, level, name, value) {
      optionBytes[0] = INT_BYTES;
      return orError(native.getsockopt(fd, level, name, value, optionBytes));
    },
    setsockopt: (fd, level, name, value) =>
      orError(native.setsockopt(fd, level, name, value, value.byteLength)),
    fcntl: (fd, command, value) => orError(native.fcntl(fd, command, value)),
    recv: (fd, address, bytes, flags) => orError(native.recv(fd, address, bytes, flags)),
    send: (fd, address, bytes, flags) => orError(native.send(fd, address, bytes, flags)),
    writev: (fd, vectors, count) => orError(native.writev(fd, vectorsAt(vectors), count)),
    recvfrom: (fd, address, bytes, flags, from, length) =>
      orError(native.recvfrom(fd, address, bytes, flags, from, length)),
    sendto: (fd, data, bytes, flags, to, length) =>
      orError(native.sendto(fd, data, bytes, flags, to, length)),
    sendfile: (to, from, position, bytes) => orError(native.sendfile(to, from, position, bytes)),
    pipe2: (ends, flags) => orError(native.pipe2(ends, flags)),
    splice: (from, to, bytes, flags) => orError(native.splice(from, null, to, null, bytes, flags)),
    tee: (from, to, bytes, flags) => orError(native.tee(from, to, bytes, flags)),
    read: (fd, address, bytes) => orError(native.read(fd, address, bytes)),
    shutdown: (fd, how) => orError(native.shutdown(fd, how)),
    close: (fd) => orError(native.close(fd)),
    epollCreate: () => orError(native.epollCreate(SOCK_CLOEXEC)),
    epollControl: (epoll, operation, fd, event) =>
      orError(native.epollControl(epoll, operation, fd, event === null ? 0 : eventAt(event))),
    epollWait: (epoll, events, count, timeoutMs) =>
      orError(native.epollWait(epoll, eventsAt(events), count, timeoutMs)),
    addressOf,
  };
}

/**
 * Remembers where the memory is that was asked about last: a number is passed on in a fraction of
 * the time that Node-API needs to find out what an array is. The memory stays referenced, so that
 * the number stays true.
 */
function lastAddress(addressOf: (memory: Memory) => number): (memory: Memory) => number {
  let last: Memory | undefined;
  let address = 0;
  return (memory) => {
    if (memory !== last) {
      address = addressOf(memory);
      last = memory;
    }
    return address;
  };
}
