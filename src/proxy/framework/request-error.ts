import type { HttpError } from '../../http/http-error.ts';
import { ProxyError } from '../proxy-error.ts';

/** Why a request did not come, or not to its end; without an error its client has left. */
export function requestError(error: HttpError | undefined): ProxyError {
  if (error === undefined) return new ProxyError('ConnectionClosed', 'downstream', error, 499);
  const { code, status } = error;
  if (code === 'BODY_TOO_LARGE') return new ProxyError('BodyTooLarge', 'downstream', error);
  const type = code === 'TIMEOUT' ? 'ReadTimeout' : 'ProtocolError';
  return new ProxyError(type, 'downstream', error, status);
}
