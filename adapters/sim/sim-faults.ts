import { type Fault, type FaultCode, fault } from '../../src/core/fault.ts';

const ERRNO = {
  refused: 'ECONNREFUSED',
  reset: 'ECONNRESET',
  brokenPipe: 'EPIPE',
  unreachable: 'ENETUNREACH',
  kernelTimeout: 'ETIMEDOUT',
  addressInUse: 'EADDRINUSE',
  addressNotAvailable: 'EADDRNOTAVAIL',
  fileDescriptors: 'EMFILE',
  messageTooLarge: 'EMSGSIZE',
  badArgument: 'EINVAL',
  unsupported: 'EOPNOTSUPP',
  shortFile: 'SHORT_FILE',
  noBuffers: 'ENOBUFS',
  accessDenied: 'EACCES',
  closed: 'EBADF',
  adapter: 'EIO',
} as const satisfies Record<FaultCode, string>;

const made = new Map<FaultCode, Fault>();

/** The fault that a kernel would give, with its name as evidence. Made once per code. */
export function simFault(code: FaultCode): Fault {
  const known = made.get(code);
  if (known !== undefined) return known;
  const native = { code: ERRNO[code], errno: undefined, call: 'sim' };
  const fresh = fault(code, native);
  made.set(code, fresh);
  return fresh;
}
