import type { Endpoint } from '../../../core/endpoint.ts';
import type { ClientConnection } from '../../../http/client-connection.ts';
import type { ClientFailure } from '../../../http/client-options.ts';
import { UPGRADE } from '../../../http/field-names.ts';
import type { MessageHead } from '../../../http/message-head.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { ProxyError } from '../../../proxy/proxy-error.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { Location } from '../../engine/location.ts';
import { RatePacer } from '../../engine/rate-pacer.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import type { Evaluate } from '../../engine/templates.ts';
import type { UpstreamSide } from '../../engine/upstream-side.ts';
import { bytesOf } from '../limit-rate.ts';
import { AccelFields, accelRedirect, goOn } from './accel.ts';
import { destinationOf, type FindDestination, FOUND, TO_LOOK_UP } from './destination.ts';
import {
  connectFailure,
  connectText,
  type Failure,
  failureOf,
  failureText,
  INVALID_HEADER,
} from './failures.ts';
import { Leftover } from './leftover.ts';
import { localOf } from './local-address.ts';
import { NextServer } from './next-server.ts';
import { RequestHead } from './request-head.ts';
import { ResponseFields } from './response-fields.ts';
import type { Sticky } from './sticky.ts';
import { Switch } from './switch.ts';
import { openRun, type UpstreamRun } from './upstream-run.ts';
import type { LocationTarget, Upstreams } from './upstreams.ts';
import { WaitingRequest } from './waiting-request.ts';

/** Answers with a lower status are neither errors nor redirections: nothing is asked about them. */
const SPECIAL_MIN = 300;
/** No body goes up, and none is announced. */
const NO_BODY = -2;
const UNKNOWN_LENGTH = -1;

/** What `proxy_pass` of one location does with its requests. */
export class ProxyExchange implements UpstreamSide {
  readonly #conf: LocationConf;
  readonly #find: FindDestination;
  readonly #head: RequestHead;
  readonly #body: Evaluate | undefined;
  readonly #local: Evaluate | undefined;
  readonly #rate: Evaluate | undefined;
  readonly #fields: ResponseFields;
  readonly #accel: AccelFields;
  readonly #next: NextServer;

  constructor({ conf }: Location, site: Site, upstreams: Upstreams) {
    const { proxySetBody, proxyBind, proxyLimitRate } = conf;
    this.#conf = conf;
    this.#find = destinationOf(conf, site, upstreams);
    this.#head = new RequestHead(conf, site);
    this.#body = proxySetBody === undefined ? undefined : site.template(proxySetBody);
    this.#local = proxyBind === 'off' ? undefined : site.template(proxyBind);
    const isSlowed = proxyLimitRate !== '0' && conf.proxyBuffering;
    this.#rate = isSlowed ? site.template(proxyLimitRate) : undefined;
    this.#fields = new ResponseFields(conf, site);
    this.#accel = new AccelFields(conf, site);
    this.#next = new NextServer(conf);
  }

  begin(request: Request): void {
    request.side = this;
    const run = openRun(request);
    const { requestHasBody, head } = request.client as ServerConnection;
    const { proxyRequestBuffering, proxyPassRequestBody, proxyHttpVersion } = this.#conf;
    const waits = requestHasBody && !request.body.isWhole;
    run.streams =
      waits &&
      !proxyRequestBuffering &&
      this.#body === undefined &&
      proxyPassRequestBody &&
      (head.framing !== 'chunked' || proxyHttpVersion !== '1.0');
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
    const text = this.#body?.(request);
    run.method = this.#head.method(request);
    run.body = text ?? '';
    run.head = this.#head.text(request, run, run.method, this.#lengthOf(request, run, text));
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

  #lengthOf(
    { client, body, isSubrequest }: Request,
    run: UpstreamRun,
    text: string | undefined,
  ): number {
    if (text !== undefined) return text.length;
    if (!this.#conf.proxyPassRequestBody) return NO_BODY;
    const { framing, contentLength } = (client as ServerConnection).head;
    // A length that the client has given, be it 0, is given again.
    if (framing === 'none' || (isSubrequest && body.bytes === 0)) return NO_BODY;
    if (!run.streams) return body.isWhole ? body.bytes : 0;
    return framing === 'length' ? contentLength : UNKNOWN_LENGTH;
  }

  attempting(request: Request): void {
    const run = request.run as UpstreamRun;
    const { turnMs } = request.site.port.loop;
    const target = request.attempts.target as LocationTarget;
    run.tries.begin(target.addressOf(request.attempts.server), turnMs);
    run.isOpen = true;
    run.headBytes = 0;
    run.sentBytes = 0;
    run.sent = false;
  }

  ready(request: Request, upstream: ClientConnection): void {
    const run = request.run as UpstreamRun;
    const { head } = request.client as ServerConnection;
    const { last } = run.tries;
    last.connectMs = request.site.port.loop.turnMs - last.startedMs;
    upstream.timeouts = request.attempts.target.client.timeouts;
    request.attachUpstream(upstream);
    upstream.bodiless = run.method === 'HEAD';
    upstream.switches = head.indexOf(UPGRADE) >= 0;
    run.sent = true;
    run.sentBytes = run.head.length;
    if (run.streams && head.framing === 'chunked') run.chunks.begin(request);
    request.sendUp(run.head, run.streams);
    if (run.streams) return;
    if (this.#body !== undefined) {
      run.sentBytes += run.body.length;
      if (!upstream.outbox.appendText(run.body)) request.fail('WriteTimeout', undefined);
    } else if (this.#conf.proxyPassRequestBody && request.body.isWhole) {
      run.sentBytes += request.body.bytes;
      if (!request.body.sendTo(upstream)) request.bodyBroke();
    }
  }

  bodyPassed(request: Request, data: Uint8Array, from: number, to: number): boolean {
    const run = request.run as UpstreamRun;
    run.sentBytes += to - from;
    if (request.site.variables.used.has('request_body')) {
      run.passed.add(data, from, to, this.#conf.clientBodyBufferSize);
    }
    return run.chunks.take(request, data, from, to);
  }

  bodyEnds(request: Request): void {
    (request.run as UpstreamRun).chunks.flush();
  }

  responseHead(request: Request, head: MessageHead): void {
    const run = request.run as UpstreamRun;
    const { status } = head;
    const { last } = run.tries;
    const { turnMs } = request.site.port.loop;
    request.attempts.headMs = turnMs;
    last.headerMs = turnMs - last.startedMs;
    last.status = status;
    run.headBytes = head.rawBytes;
    run.keepFields(head);
    if (head.rawBytes > this.#conf.proxyBufferSize) {
      request.log(
        'error',
        'upstream sent too big header while reading response header from upstream',
      );
      this.#dropAnswer(request, run, true);
      this.#failed(request, run, INVALID_HEADER);
      return;
    }
    if (status >= SPECIAL_MIN && this.#isNoAnswer(request, run, head)) return;
    const elsewhere = this.#accel.read(request, head);
    if (elsewhere !== undefined) {
      this.#fields.copyKept(request, head);
      this.#leaveAnswer(request, run, head);
      goOn(request, accelRedirect(request, elsewhere));
      return;
    }
    this.#fields.copy(request, head);
    request.out.allowsRanges = this.#conf.proxyForceRanges;
    request.out.singleRange = this.#conf.proxyForceRanges;
    request.conditionsOff = true;
    stickyOf(request)?.answered(request, routeOf(request));
    this.#passOn(request, head);
  }

  /** The answer is the client's. */
  #passOn(request: Request, head: MessageHead): void {
    const rate = bytesOf(this.#rate?.(request) ?? '') ?? 0;
    if (rate > 0) request.filterBody((next) => new RatePacer(request, next, rate, 0));
    if (!request.writeHead()) return;
    if (head.status === 101) {
      (request.run as UpstreamRun).tunnel = new Switch(request);
      request.attempts.target.group.succeeded(request.attempts.server);
    } else if (request.headerOnly && head.framing !== 'none') {
      this.#leaveAnswer(request, request.run as UpstreamRun, head);
      request.end();
    }
  }

  /** `true`: another server is asked, or an error page stands in for this answer. */
  #isNoAnswer(request: Request, run: UpstreamRun, head: MessageHead): boolean {
    const { status } = head;
    if (this.#next.passesBy(request, run, status)) {
      this.#dropAnswer(request, run, status !== 403 && status !== 404);
      request.nextServer();
      return true;
    }
    if (!this.#conf.proxyInterceptErrors || !isIntercepted(request, status)) return false;
    if (status === 401) this.#fields.copyChallenges(request, head);
    this.#leaveAnswer(request, run, head);
    request.concludeLater(status);
    return true;
  }

  /** An answer that is as good as a failure. `blames`: it counts against its server. */
  #dropAnswer(request: Request, run: UpstreamRun, blames: boolean): void {
    const upstream = request.upstream as ClientConnection;
    this.#settle(request, run, upstream);
    request.upstream = undefined;
    upstream.destroy();
    if (blames) request.attempts.failed();
    else request.attempts.leave();
  }

  /** An answer that somebody else stands in for. Its connection is kept where it has no body. */
  #leaveAnswer(request: Request, run: UpstreamRun, head: MessageHead): void {
    const upstream = request.upstream as ClientConnection;
    const { attempts } = request;
    const { server, target } = attempts;
    this.#settle(request, run, upstream);
    request.upstream = undefined;
    stickyOf(request)?.ended(request, routeOf(request));
    target.group.succeeded(server);
    const isShort =
      head.framing === 'none' || (head.framing === 'length' && head.contentLength === 0);
    if (isShort && attempts.takesPooled && request.requestEnded) {
      const { poolKey } = target.group.peer(server);
      upstream.handTo(new Leftover(target.pool, poolKey, upstream));
    } else upstream.destroy();
    attempts.leave();
  }

  responseEnd(request: Request): void {
    this.#settle(request, request.run as UpstreamRun, request.upstream);
    stickyOf(request)?.ended(request, routeOf(request));
  }

  responseFailed(request: Request, failure: ClientFailure): void {
    const run = request.run as UpstreamRun;
    const upstream = request.upstream as ClientConnection;
    this.#settle(request, run, upstream);
    request.upstream = undefined;
    request.log('error', failureText(failure, request.responseStarted));
    const isStale = request.attempts.broke(upstream, failure);
    if (request.responseStarted) {
      request.cutShort();
      return;
    }
    // A kept connection that proves dead says nothing about its server: no try is used up.
    if (isStale) this.#tryAgain(request, run);
    this.#failed(request, run, failureOf(failure));
  }

  /** The only server of a group may be tried once more, otherwise another one. */
  #tryAgain({ attempts }: Request, run: UpstreamRun): void {
    if (attempts.target.group.members.all.length === 1) attempts.tries -= 1;
    else run.triesMax += 1;
  }

  connectFailed(request: Request, error: ProxyError): void {
    const run = request.run as UpstreamRun;
    const isLate = error.type === 'ConnectTimeout';
    this.#settle(request, run, undefined);
    request.log('error', connectText(isLate, error.cause));
    this.#failed(request, run, connectFailure(isLate));
  }

  noServer(request: Request): void {
    const run = request.run as UpstreamRun;
    const { target } = request.attempts;
    run.tries.begin(target.group.config.name, request.site.port.loop.turnMs);
    run.tries.last.status = 502;
    run.tries.last.responseMs = 0;
    request.log('error', 'no live upstreams while connecting to upstream');
    request.concludeLater(502);
  }

  /** An attempt has failed, and has been told of. */
  #failed(request: Request, run: UpstreamRun, failure: Failure): void {
    run.tries.last.status = failure.status;
    if (this.#next.repeats(request, run, failure.condition)) request.nextServer();
    else request.concludeLater(failure.status);
  }

  clientGone(request: Request): boolean {
    const run = request.run as UpstreamRun;
    if (run.tunnel?.stop() === true) return true;
    const { upstream, attempts } = request;
    if (upstream !== undefined && this.#conf.proxyIgnoreClientAbort && request.requestEnded) {
      this.#settle(request, run, upstream);
      const { poolKey } = attempts.target.group.peer(attempts.server);
      upstream.handTo(new Leftover(attempts.target.pool, poolKey, upstream));
      request.upstream = undefined;
      return false;
    }
    if (upstream === undefined) request.log('info', 'client prematurely closed connection');
    else {
      request.log(
        'info',
        'client prematurely closed connection, so upstream connection is closed too',
      );
    }
    return false;
  }

  finished(request: Request): void {
    this.#settle(request, request.run as UpstreamRun, request.upstream);
  }

  /** What is known of the attempt at its end, for variables. */
  #settle(request: Request, run: UpstreamRun, upstream: ClientConnection | undefined): void {
    if (!run.isOpen) return;
    run.isOpen = false;
    const { tunnel } = run;
    const { last } = run.tries;
    last.responseMs = request.site.port.loop.turnMs - last.startedMs;
    if (tunnel !== undefined) {
      last.received = run.headBytes + tunnel.serverBytes;
      last.sent = run.sentBytes + tunnel.clientBytes;
    } else if (upstream !== undefined) {
      last.received = upstream.responseBytes;
      last.sent = run.sentBytes - upstream.outbox.queuedBytes;
    }
    if (run.headBytes > 0) last.length = Math.max(0, last.received - run.headBytes);
  }
}

/** Is there an error page for what the server has said? */
function isIntercepted({ location }: Request, status: number): boolean {
  return location.conf.errorPages.some(({ statuses }) => statuses.includes(status));
}

/** How requests of the current group find the same server again. */
function stickyOf({ attempts }: Request): Sticky | undefined {
  return (attempts.target as LocationTarget).sticky;
}

/** What requests are bound to the server of the current attempt by. */
function routeOf({ attempts }: Request): string {
  return attempts.target.group.peer(attempts.server).route;
}
