import type { ClientConnection } from '../../../http/client-connection.ts';
import type { ClientFailure } from '../../../http/client-options.ts';
import type { ProxyError } from '../../../proxy/proxy-error.ts';
import type { Request } from '../../engine/request.ts';
import { connectFailure, connectText, type Failure, failureOf, failureText } from './failures.ts';
import type { NextServer } from './next-server.ts';
import { settle } from './settle.ts';
import type { UpstreamRun } from './upstream-run.ts';

/** What becomes of attempts that fail: another one, or the end of the request. */
export class Failing {
  readonly #next: NextServer;

  constructor(next: NextServer) {
    this.#next = next;
  }

  /** An attempt has failed, and has been told of. */
  failed(request: Request, run: UpstreamRun, failure: Failure): void {
    run.tries.last.status = failure.status;
    if (this.#next.repeats(request, run, failure.condition)) request.nextServer();
    else request.concludeLater(failure.status);
  }

  /** There is no connection. */
  connect(request: Request, error: ProxyError): void {
    const run = request.run as UpstreamRun;
    const isLate = error.type === 'ConnectTimeout';
    settle(request, run, undefined);
    request.log('error', connectText(isLate, error.cause));
    this.failed(request, run, connectFailure(isLate));
  }

  /** There was one, and the answer will not come over it, or not to its end. */
  response(request: Request, failure: ClientFailure): void {
    const run = request.run as UpstreamRun;
    const upstream = request.upstream as ClientConnection;
    settle(request, run, upstream);
    request.upstream = undefined;
    request.log('error', failureText(failure, request.responseStarted));
    const isStale = request.attempts.broke(upstream, failure);
    if (request.responseStarted) {
      request.cutShort();
      return;
    }
    // A kept connection that proves dead says nothing about its server: no try is used up.
    if (isStale) tryAgain(request, run);
    this.failed(request, run, failureOf(failure));
  }

  /** No server of the group is alive, or left to be tried. */
  none(request: Request): void {
    const run = request.run as UpstreamRun;
    const { target } = request.attempts;
    run.tries.begin(target.group.config.name, request.site.port.loop.turnMs);
    run.tries.last.status = 502;
    run.tries.last.responseMs = 0;
    request.log('error', 'no live upstreams while connecting to upstream');
    request.concludeLater(502);
  }
}

/** The only server of a group may be tried once more, otherwise another one. */
function tryAgain({ attempts }: Request, run: UpstreamRun): void {
  if (attempts.target.group.members.all.length === 1) attempts.tries -= 1;
  else run.triesMax += 1;
}
