import type { Koffi, Native } from '../linux/koffi.ts';
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  MAP_SHARED_POPULATE,
  PROT_READ_WRITE,
  SYS_IO_URING_ENTER,
  SYS_IO_URING_REGISTER,
  SYS_IO_URING_SETUP,
} from './constants.ts';
import type { SystemCalls } from './system-calls.ts';

// `syscall` and `fcntl` are variadic in C. With whole numbers and pointers alone, a plain prototype
// passes its arguments in the same registers on x86-64 and arm64, and koffi calls it faster.
const DECLARATIONS = {
  ringSetup: 'long syscall(long, uint32_t, void *)',
  ringEnter: 'long syscall(long, int, uint32_t, uint32_t, uint32_t, uint64_t, uint64_t)',
  ringRegister: 'long syscall(long, int, uint32_t, void *, uint32_t)',
  mmap: 'void *mmap(uint64_t, size_t, int, int, int, long)',
  munmap: 'int munmap(void *, size_t)',
  eventfd: 'int eventfd(uint32_t, int)',
  readEvents: 'long read(int, void *, long)',
  read: 'long read(int, uint64_t, long)',
  pipe2: 'int pipe2(void *, int)',
  splice: 'long splice(int, void *, int, void *, long, uint32_t)',
  tee: 'long tee(int, int, long, uint32_t)',
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, void *, int)',
  listen: 'int listen(int, int)',
  accept4: 'int accept4(int, void *, void *, int)',
  connect: 'int connect(int, void *, int)',
  getsockname: 'int getsockname(int, void *, void *)',
  getpeername: 'int getpeername(int, void *, void *)',
  getsockopt: 'int getsockopt(int, int, int, void *, void *)',
  setsockopt: 'int setsockopt(int, int, int, void *, int)',
  fcntl: 'int fcntl(int, int, int)',
  recv: 'long recv(int, uint64_t, long, int)',
  recvfrom: 'long recvfrom(int, uint64_t, long, int, void *, void *)',
  sendfile: 'long sendfile(int, int, void *, long)',
  shutdown: 'int shutdown(int, int)',
  close: 'int close(int)',
} as const;

const INT_BYTES = 4;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** The C library's calls through koffi: no call costs more than it does from C, but for 100 ns. */
export function linuxCalls(koffi: Koffi): SystemCalls {
  const library = koffi.load(null);
  const native = {} as Record<keyof typeof DECLARATIONS, Native>;
  for (const [name, declaration] of Object.entries(DECLARATIONS)) {
    native[name as keyof typeof DECLARATIONS] = library.func(declaration);
  }
  const { errno } = koffi;
  const orError = (answer: number): number => (answer < 0 ? -errno() : answer);
  const count = new BigUint64Array(1);
  const optionBytes = new Int32Array(1);
  return {
    ringSetup: (entries, parameters) =>
      orError(native.ringSetup(SYS_IO_URING_SETUP, entries, parameters)),
    ringEnter: (ring, toSubmit, flags) =>
      orError(native.ringEnter(SYS_IO_URING_ENTER, ring, toSubmit, 0, flags, 0, 0)),
    ringRegister: (ring, what, argument, entries) =>
      orError(native.ringRegister(SYS_IO_URING_REGISTER, ring, what, argument, entries)),
    map(fd, bytes, offset) {
      const pointer: unknown = native.mmap(
        0,
        bytes,
        PROT_READ_WRITE,
        MAP_SHARED_POPULATE,
        fd,
        offset,
      );
      if (pointer === null || koffi.address(pointer) === MAP_FAILED) return undefined;
      return { buffer: koffi.view(pointer, bytes), unmap: () => native.munmap(pointer, bytes) };
    },
    eventfd: () => orError(native.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
    drainEventfd: (fd) => orError(native.readEvents(fd, count, count.byteLength)),
    socket: (family, type, protocol) => orError(native.socket(family, type, protocol)),
    bind: (fd, address, bytes) => orError(native.bind(fd, address, bytes)),
    listen: (fd, backlog) => orError(native.listen(fd, backlog)),
    accept4: (fd, flags) => orError(native.accept4(fd, null, null, flags)),
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
    recvfrom: (fd, address, bytes, flags, from, length) =>
      orError(native.recvfrom(fd, address, bytes, flags, from, length)),
    sendfile: (to, from, position, bytes) => orError(native.sendfile(to, from, position, bytes)),
    pipe2: (ends, flags) => orError(native.pipe2(ends, flags)),
    splice: (from, to, bytes, flags) => orError(native.splice(from, null, to, null, bytes, flags)),
    tee: (from, to, bytes, flags) => orError(native.tee(from, to, bytes, flags)),
    read: (fd, address, bytes) => orError(native.read(fd, address, bytes)),
    shutdown: (fd, how) => orError(native.shutdown(fd, how)),
    close: (fd) => orError(native.close(fd)),
    addressOf: (buffer) => Number(koffi.address(buffer)),
  };
}
