import { ProxyError } from '../proxy-error.ts';
import type { CompiledProxy, CompiledRoute } from './compile.ts';
import type { SessionFace } from './session-face.ts';

/** No server, answered with this status. */
export function noUpstream(status: number | undefined): ProxyError {
  return new ProxyError('NoUpstream', 'internal', undefined, status);
}

/** Why a request that no handler and no route has sent anywhere is answered as it is. */
export function nowhereToGo(
  face: SessionFace,
  route: CompiledRoute,
  proxy: CompiledProxy,
): ProxyError {
  if (face.kind === 'connect') return noUpstream(405);
  if (!proxy.isRouted) return noUpstream(undefined);
  const methods = route === proxy.rest ? proxy.routes.methodsFor(face.req) : [];
  if (methods.length === 0) return noUpstream(404);
  const error = noUpstream(405);
  error.allow = methods.join(', ');
  return error;
}
