import type { Endpoint } from '../../../core/endpoint.ts';
import type { ClientConnection } from '../../../http/client-connection.ts';
import type { ClientFailure } from '../../../http/client-options.ts';
import type { MessageHead } from '../../../http/message-head.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { ProxyError } from '../../../proxy/proxy-error.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { Location } from '../../engine/location.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import type { Evaluate } from '../../engine/templates.ts';
import type { UpstreamSide } from '../../engine/upstream-side.ts';
import { type UpstreamPhase, upstreamPhase } from '../phases/upstream-phase.ts';
import { Answers } from './answers.ts';
import { destinationOf, type FindDestination, FOUND, TO_LOOK_UP } from './destination.ts';
import { Failing } from './failing.ts';
import { Leftover } from './leftover.ts';
import { localOf } from './local-address.ts';
import { NextServer } from './next-server.ts';
import { settle } from './settle.ts';
import { openRun, type UpstreamRun } from './upstream-run.ts';
import type { LocationTarget, Upstreams } from './upstreams.ts';
import { Upward } from './upward.ts';
import { WaitingRequest } from './waiting-request.ts';

/**
 * What `proxy_pass` of one location does with its requests.
 *
 *   begin → the body, where it is kept → where to → an attempt → ready → head → body → end
 *                                                     ↑ └───fails───┘      │
 *                                                     └──another server────┘
 */
export class ProxyExchange implements UpstreamSide {
  readonly #conf: LocationConf;
  readonly #find: FindDestination;
  readonly #local: Evaluate | undefined;
  readonly #upward: Upward;
  readonly #next: NextServer;
  readonly #failing: Failing;
  readonly #answers: Answers;

  /** What plugins do with heads on their way up. */
  readonly #phase: UpstreamPhase | undefined;

  constructor(location: Location, site: Site, upstreams: Upstreams) {
    const { conf } = location;
    const { proxyBind } = conf;
    this.#phase = upstreamPhase(location);
    this.#conf = conf;
    this.#find = destinationOf(conf, site, upstreams);
    this.#local = proxyBind === 'off' ? undefined : site.template(proxyBind);
    this.#upward = new Upward(conf, site);
    this.#next = new NextServer(conf);
    this.#failing = new Failing(this.#next);
    this.#answers = new Answers(location, site, this.#next, this.#failing);
  }

  begin(request: Request): void {
    request.side = this;
    const run = openRun(request);
    const waits = (request.client as ServerConnection).requestHasBody && !request.body.isWhole;
    run.streams = waits && this.#upward.streams(request);
    if (waits && !run.streams) request.readBody(() => this.#connect(request, run));
    else this.#connect(request, run);
  }

  #connect(request: Request, run: UpstreamRun): void {
    const status = this.#find(request, run);
    if (status === FOUND) this.#proceed(request, run);
    else if (status !== TO_LOOK_UP) request.concludeLater(status);
    else {
      (request.client as ServerConnection).watchRequest();
      const known = (): void => this.#proceed(request, run);
      run.destination.named?.ask(new WaitingRequest(request, known));
    }
  }

  /** It is known where the request goes. */
  #proceed(request: Request, run: UpstreamRun): void {
    this.#upward.prepare(request, run);
    if (this.#phase === undefined) this.#begin(request, run);
    else {
      this.#phase(request, run.head, ({ text, method }) => {
        run.head = text;
        run.method = method;
        this.#begin(request, run);
      });
    }
  }

  #begin(request: Request, run: UpstreamRun): void {
    const { attempts } = request;
    const target = run.destination.target as LocationTarget;
    const local = this.#localOf(request);
    attempts.begin();
    attempts.target = target;
    attempts.connectMs = target.connectMs;
    attempts.hashKey = target.hashKey?.(request) ?? '';
    attempts.route = target.sticky?.routeOf(request) ?? '';
    attempts.local = local;
    if (target.isByClient) attempts.address = request.from.text;
    // A connection from another address is another connection.
    attempts.takesPooled = local === undefined;
    run.startedMs = request.site.port.loop.turnMs;
    run.triesMax = this.#next.triesOf(target.group.triesMax);
    run.sent = false;
    request.nextServer();
  }

  #localOf(request: Request): Endpoint | undefined {
    const text = this.#local?.(request) ?? '';
    if (text === '') return undefined;
    const endpoint = localOf(text);
    if (endpoint === undefined) request.log('error', `invalid local address "${text}"`);
    return endpoint;
  }

  attempting(request: Request): void {
    const run = request.run as UpstreamRun;
    const target = request.attempts.target as LocationTarget;
    const address = target.addressOf(request.attempts.server);
    run.tries.begin(address, request.site.port.loop.turnMs);
    run.isOpen = true;
    run.headBytes = 0;
    run.sentBytes = 0;
    run.sent = false;
  }

  ready(request: Request, upstream: ClientConnection): void {
    const run = request.run as UpstreamRun;
    const { last } = run.tries;
    last.connectMs = request.site.port.loop.turnMs - last.startedMs;
    upstream.timeouts = request.attempts.target.client.timeouts;
    request.attachUpstream(upstream);
    this.#answers.await(request, upstream);
    this.#upward.send(request, run, upstream);
  }

  bodyPassed(request: Request, data: Uint8Array, from: number, to: number): boolean {
    return this.#upward.passes(request, data, from, to);
  }

  bodyEnds(request: Request): void {
    (request.run as UpstreamRun).chunks.flush();
  }

  responseHead(request: Request, head: MessageHead): void {
    this.#answers.head(request, head);
  }

  responseEnd(request: Request): void {
    this.#answers.ended(request);
  }

  responseFailed(request: Request, failure: ClientFailure): void {
    this.#failing.response(request, failure);
  }

  connectFailed(request: Request, error: ProxyError): void {
    this.#failing.connect(request, error);
  }

  noServer(request: Request): void {
    this.#failing.none(request);
  }

  clientGone(request: Request): boolean {
    const run = request.run as UpstreamRun;
    if (run.tunnel?.stop() === true) return true;
    const { upstream, attempts } = request;
    const isWanted = this.#conf.proxyIgnoreClientAbort || run.stored?.isOpen === true;
    if (upstream !== undefined && isWanted && request.requestEnded) {
      settle(request, run, upstream);
      const { poolKey } = attempts.target.group.peer(attempts.server);
      const stored = run.stored?.handOn();
      new Leftover(request.site, attempts.target.pool, poolKey, upstream, stored).begin();
      request.upstream = undefined;
      return false;
    }
    const also = upstream === undefined ? '' : ', so upstream connection is closed too';
    request.log('info', `client prematurely closed connection${also}`);
    return false;
  }

  finished(request: Request): void {
    settle(request, request.run as UpstreamRun, request.upstream);
  }
}
