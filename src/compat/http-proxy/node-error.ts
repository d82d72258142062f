import type { ClientFailure } from '../../http/client-options.ts';
import { responseError } from '../../proxy/proxy-error.ts';

/**
 * What http-proxy's users look for: an error of Node's, by its `code`. The engine's own words are
 * its `cause`, a `ProxyError`.
 */
export function nodeError(failure: ClientFailure): NodeJS.ErrnoException {
  const cause = responseError(failure);
  switch (failure.kind) {
    case 'closed': {
      const native = failure.fault?.native;
      if (native === undefined || native.code === 'SLUICE') return hungUp(cause);
      const { code, errno, call = 'read' } = native;
      const error = new Error(`${call} ${code}`, { cause });
      return Object.assign(error, { code, syscall: call, ...(errno !== undefined && { errno }) });
    }
    case 'timeout':
      return hungUp(cause);
    case 'protocol': {
      const { error } = failure;
      const code = `HPE_${error.code}`;
      return Object.assign(new Error(`Parse Error: ${error.message}`, { cause }), { code });
    }
    default:
      return failure satisfies never;
  }
}

/** The peer has gone without an answer, or was given up: in Node both look like this. */
export function hungUp(cause?: unknown): NodeJS.ErrnoException {
  return Object.assign(new Error('socket hang up', { cause }), { code: 'ECONNRESET' });
}
