import type { ClientConnection } from '../../../http/client-connection.ts';
import type { MessageHead } from '../../../http/message-head.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { Location } from '../../engine/location.ts';
import { RatePacer } from '../../engine/rate-pacer.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import type { Evaluate } from '../../engine/templates.ts';
import { bytesOf } from '../limit-rate.ts';
import { AccelFields, accelRedirect, goOn } from './accel.ts';
import type { Failing } from './failing.ts';
import { INVALID_HEADER } from './failures.ts';
import { Leftover } from './leftover.ts';
import type { NextServer } from './next-server.ts';
import { PassedTrailers } from './passed-trailers.ts';
import { ResponseFields } from './response-fields.ts';
import { settle } from './settle.ts';
import { routeOf, stickyOf } from './sticky-of.ts';
import { type StoreRule, storeOf } from './store.ts';
import { Switch } from './switch.ts';
import type { UpstreamRun } from './upstream-run.ts';

/** Answers with a lower status are neither errors nor redirections: nothing is asked about them. */
const SPECIAL_MIN = 300;

/** What a location does with what its servers say. */
export class Answers {
  readonly #conf: LocationConf;
  readonly #rate: Evaluate | undefined;
  readonly #fields: ResponseFields;
  readonly #accel: AccelFields;
  readonly #next: NextServer;
  readonly #failing: Failing;
  readonly #trailers: PassedTrailers;
  readonly #store: StoreRule | undefined;
  #areFieldsUsed: boolean | undefined;

  constructor(location: Location, site: Site, next: NextServer, failing: Failing) {
    const { conf } = location;
    const { proxyLimitRate, proxyBuffering } = conf;
    this.#store = storeOf(location, site);
    this.#conf = conf;
    const isSlowed = proxyLimitRate !== '0' && proxyBuffering;
    this.#rate = isSlowed ? site.template(proxyLimitRate) : undefined;
    this.#fields = new ResponseFields(conf, site);
    this.#accel = new AccelFields(conf, site);
    this.#next = next;
    this.#failing = failing;
    this.#trailers = new PassedTrailers(conf);
  }

  /** A request is about to go over this connection. */
  await(request: Request, upstream: ClientConnection): void {
    if (this.#trailers.areWanted(request)) upstream.keepsTrailers = true;
  }

  head(request: Request, head: MessageHead): void {
    const run = request.run as UpstreamRun;
    const { status } = head;
    const { last } = run.tries;
    const { turnMs } = request.site.port.loop;
    request.attempts.headMs = turnMs;
    last.headerMs = turnMs - last.startedMs;
    last.status = status;
    run.headBytes = head.rawBytes;
    if (this.#keepsFields(request)) run.keepFields(head);
    if (head.rawBytes > this.#conf.proxyBufferSize) {
      request.log(
        'error',
        'upstream sent too big header while reading response header from upstream',
      );
      this.#drop(request, run, true);
      this.#failing.failed(request, run, INVALID_HEADER);
      return;
    }
    if (status >= SPECIAL_MIN && this.#isNoAnswer(request, run, head)) return;
    const elsewhere = this.#accel.read(request, head);
    if (elsewhere === undefined) this.#passOn(request, head);
    else {
      this.#fields.copyKept(request, head);
      this.#leave(request, run, head);
      goOn(request, accelRedirect(request, elsewhere));
    }
  }

  /** Does a variable, here or elsewhere, show fields of answers? Known with the first one. */
  #keepsFields({ site }: Request): boolean {
    this.#areFieldsUsed ??= [...site.variables.used].some((name) =>
      /^upstream_(?:http|cookie)_/.test(name),
    );
    return this.#areFieldsUsed;
  }

  /** The answer is the client's. */
  #passOn(request: Request, head: MessageHead): void {
    if (head.status === 101 && request.isSubrequest) {
      request.log('error', 'connection upgrade in subrequest');
      request.dropUpstream();
      request.concludeLater(502);
      return;
    }
    const { proxyForceRanges } = this.#conf;
    this.#fields.copy(request, head);
    request.out.allowsRanges = proxyForceRanges;
    request.out.singleRange = proxyForceRanges;
    request.conditionsOff = true;
    stickyOf(request)?.answered(request, routeOf(request));
    this.#store?.begin(request, head);
    const rate = bytesOf(this.#rate?.(request) ?? '') ?? 0;
    if (rate > 0) request.filterBody((next) => new RatePacer(request, next, rate, 0));
    if (!request.writeHead()) return;
    if (head.status === 101) {
      (request.run as UpstreamRun).tunnel = new Switch(request);
      request.attempts.target.group.succeeded(request.attempts.server);
    } else if (request.headerOnly && head.framing !== 'none') {
      this.#leave(request, request.run as UpstreamRun, head);
      request.end();
    }
  }

  /** `true`: another server is asked, or an error page stands in for this answer. */
  #isNoAnswer(request: Request, run: UpstreamRun, head: MessageHead): boolean {
    const { status } = head;
    if (this.#next.passesBy(request, run, status)) {
      this.#drop(request, run, status !== 403 && status !== 404);
      request.nextServer();
      return true;
    }
    if (!this.#conf.proxyInterceptErrors || !isIntercepted(request, status)) return false;
    if (status === 401) this.#fields.copyChallenges(request, head);
    this.#leave(request, run, head);
    request.concludeLater(status);
    return true;
  }

  /** An answer that is as good as a failure. `blames`: it counts against its server. */
  #drop(request: Request, run: UpstreamRun, blames: boolean): void {
    const upstream = request.upstream as ClientConnection;
    settle(request, run, upstream);
    request.upstream = undefined;
    upstream.destroy();
    if (blames) request.attempts.failed();
    else request.attempts.leave();
  }

  /** An answer that somebody else stands in for. Its connection is kept where it has no body. */
  #leave(request: Request, run: UpstreamRun, head: MessageHead): void {
    const upstream = request.upstream as ClientConnection;
    const { attempts } = request;
    const { server, target } = attempts;
    settle(request, run, upstream);
    request.upstream = undefined;
    stickyOf(request)?.ended(request, routeOf(request));
    target.group.succeeded(server);
    const isShort =
      head.framing === 'none' || (head.framing === 'length' && head.contentLength === 0);
    if (isShort && attempts.takesPooled && request.requestEnded) {
      const { poolKey } = target.group.peer(server);
      new Leftover(request.site, target.pool, poolKey, upstream).begin();
    } else upstream.destroy();
    attempts.leave();
  }

  /** It has come to its end, over the connection that the request still has. */
  ended(request: Request): void {
    const run = request.run as UpstreamRun;
    const { upstream } = request;
    settle(request, run, upstream);
    run.trailers = upstream?.trailers ?? '';
    if (run.trailers !== '') this.#trailers.passOn(request, run.trailers);
    stickyOf(request)?.ended(request, routeOf(request));
  }
}

/** Is there an error page for what the server has said? */
function isIntercepted({ location }: Request, status: number): boolean {
  return location.conf.errorPages.some(({ statuses }) => statuses.includes(status));
}
