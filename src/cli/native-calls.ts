import { closeSync } from 'node:fs';
import {
  AF_UNIX,
  F_DUPFD_CLOEXEC,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from '../../adapters/linux/constants.ts';
import { loadKoffi } from '../../adapters/linux/koffi.ts';
import { encodeAddress } from '../../adapters/linux/socket-address.ts';

const RLIMIT_NOFILE = 7;
/** The first number that no standard stream has. */
const LOWEST = 3;

/** What Node does not offer of the C library. Each answers whether it was done. */
export type NativeCalls = {
  /** Another descriptor of the same socket, or -1. */
  duplicate(descriptor: number): number;
  /** `descriptor` becomes what `from` is. */
  replace(descriptor: number, from: number): boolean;
  /** Descriptors that this process may have. */
  limitDescriptors(count: number): boolean;
  /** One datagram to a UNIX socket; a name that begins with a zero byte is an abstract one. */
  tell(path: string, text: string): boolean;
};

let loaded: NativeCalls | undefined;

/** Throws where koffi is not installed, or the system is not Linux. */
export function nativeCalls(): NativeCalls {
  loaded ??= bind();
  return loaded;
}

function bind(): NativeCalls {
  const library = loadKoffi('epoll').load(null);
  // Variadic in C: whole numbers go in the same registers on x86-64 and arm64.
  const fcntl = library.func('int fcntl(int, int, int)');
  const dup2 = library.func('int dup2(int, int)');
  const setrlimit = library.func('int setrlimit(int, void *)');
  const socket = library.func('int socket(int, int, int)');
  const sendto = library.func('long sendto(int, void *, size_t, int, void *, uint32_t)');
  return {
    duplicate: (descriptor) => fcntl(descriptor, F_DUPFD_CLOEXEC, LOWEST),
    replace: (descriptor, from) => dup2(from, descriptor) >= 0,
    limitDescriptors: (count) => {
      const limits = new BigUint64Array(new ArrayBuffer(16)); // struct rlimit: soft, hard.
      limits.fill(BigInt(count));
      return setrlimit(RLIMIT_NOFILE, limits) === 0;
    },
    tell: (path, text) => {
      const to = encodeAddress({ family: 'unix', address: path, port: 0 });
      const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (to === undefined || descriptor < 0) return false;
      const bytes = Buffer.from(text);
      const sent = sendto(descriptor, bytes, bytes.length, MSG_NOSIGNAL, to, to.length);
      closeSync(descriptor);
      return sent === bytes.length;
    },
  };
}
