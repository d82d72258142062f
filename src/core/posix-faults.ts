import type { FaultCode } from './fault.ts';

/** POSIX error names, as every system and Node spell them, in portable words. */
const CODE_OF: Readonly<Record<string, FaultCode>> = {
  EACCES: 'accessDenied',
  EADDRINUSE: 'addressInUse',
  EADDRNOTAVAIL: 'addressNotAvailable',
  EAFNOSUPPORT: 'badArgument',
  EBADF: 'closed',
  ECONNABORTED: 'reset',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EEXIST: 'badArgument',
  EHOSTDOWN: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EINVAL: 'badArgument',
  EMFILE: 'fileDescriptors',
  EMSGSIZE: 'messageTooLarge',
  ENETDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENFILE: 'fileDescriptors',
  ENOBUFS: 'noBuffers',
  ENOENT: 'refused', // connect to a UNIX socket that is not there
  ENOMEM: 'noBuffers',
  ENOSPC: 'noBuffers', // a table of the kernel's is full: epoll's, for one
  ENOTCONN: 'brokenPipe',
  ENOTSOCK: 'badArgument',
  EOPNOTSUPP: 'unsupported',
  EPERM: 'accessDenied',
  EPIPE: 'brokenPipe',
  ETIMEDOUT: 'kernelTimeout',
  ETOOMANYREFS: 'fileDescriptors', // Too many are on their way between processes.
};

/** A name that nobody knows is a fault of the adapter that met it. */
export function faultCodeOf(name: string): FaultCode {
  return CODE_OF[name] ?? 'adapter';
}
