import { getSystemErrorName } from 'node:util';
import { type Fault, type FaultCode, fault } from '../../src/core/fault.ts';

const CODE_OF: Readonly<Record<string, FaultCode>> = {
  EACCES: 'accessDenied',
  EADDRINUSE: 'addressInUse',
  EADDRNOTAVAIL: 'addressNotAvailable',
  EAFNOSUPPORT: 'badArgument',
  EBADF: 'closed',
  ECONNABORTED: 'reset',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
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
  ENOSPC: 'noBuffers', // fs.epoll.max_user_watches are registered
  ENOTCONN: 'brokenPipe',
  EPERM: 'accessDenied',
  EPIPE: 'brokenPipe',
  ETIMEDOUT: 'kernelTimeout',
};

/** Names an error number in portable words. `answer`: what the call returned, negative. */
export function faultOfErrno(answer: number, call: string): Fault {
  const code = getSystemErrorName(answer);
  return fault(CODE_OF[code] ?? 'adapter', { code, errno: answer, call });
}
