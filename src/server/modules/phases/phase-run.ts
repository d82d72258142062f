import { Buffer } from 'node:buffer';
import type { ServerConnection } from '../../../http/server-connection.ts';
import { ReceivedRequest } from '../../../proxy/framework/received-request.ts';
import { type SessionEngine, SessionFace } from '../../../proxy/framework/session-face.ts';
import type { Request } from '../../engine/request.ts';
import type { LocationPlugin } from './plugin-of.ts';

/** What handlers know of one request. */
export type PhaseRun = {
  /** `Request.use` of whose it is. */
  readonly use: number;
  readonly face: SessionFace;
  /** Plugins that have made their context. */
  readonly met: Set<LocationPlugin>;
  /** A filter has failed: for the error page in the place of the answer, none is asked. */
  failed: boolean;
};

const runs = new WeakMap<Request, PhaseRun>();

/** The run of a request that comes to a location with these plugins. */
export function runFor(request: Request, plugins: readonly LocationPlugin[]): PhaseRun {
  let run = runs.get(request);
  if (run === undefined || run.use !== request.use) {
    const { head, address } = request.client as ServerConnection;
    const { turnMs } = request.site.port.loop;
    const face = new SessionFace(engineOf(request), head, 'request', address, turnMs);
    run = { use: request.use, face, met: new Set(), failed: false };
    runs.set(request, run);
  }
  for (const plugin of plugins) {
    if (run.met.has(plugin)) continue;
    run.met.add(plugin);
    if (plugin.context === undefined) continue;
    run.face.ctx = { ...run.face.ctx, ...plugin.context(run.face) };
  }
  return run;
}

function engineOf(request: Request): SessionEngine {
  const { use } = request;
  return {
    keepRequestBody: () => Promise.reject(new Error('a location does not give bodies to handlers')),
    abortExchange: () => {
      if (request.use === use && request.client !== undefined) request.closeConnection(499);
    },
  };
}

/** What handlers have changed of the request holds from now on. */
export function applyChanges(request: Request, { face }: PhaseRun): void {
  const seen = face.seenRequest;
  if (seen === undefined || seen.isAsItCame(false)) return;
  const { head } = request.client as ServerConnection;
  const received = new ReceivedRequest(head);
  if (seen.method !== received.method) request.method = seen.method;
  if (seen.query !== received.query) {
    request.args = seen.query;
    request.isAsReceived = false;
  }
  if (seen.path === received.path) return;
  request.uri = Buffer.from(seen.path, 'utf8').toString('latin1');
  request.isAsReceived = false;
  request.internal = true;
}
