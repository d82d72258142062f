import type { LocationConf } from '../../conf/location-conf.ts';
import type { NextUpstream } from '../../conf/proxy-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { UpstreamRun } from './upstream-run.ts';

const STATUSES: Readonly<Record<number, NextUpstream>> = {
  403: 'http_403',
  404: 'http_404',
  429: 'http_429',
  500: 'http_500',
  502: 'http_502',
  503: 'http_503',
  504: 'http_504',
};
/** Not repeated once something of them may have reached a server. */
const NOT_IDEMPOTENT = new Set(['POST', 'LOCK', 'PATCH']);

/** `proxy_next_upstream` and its limits. */
export class NextServer {
  readonly #conditions: ReadonlySet<NextUpstream>;
  readonly #tries: number;
  readonly #withinMs: number;

  constructor(conf: LocationConf) {
    this.#conditions = new Set(conf.proxyNextUpstream);
    this.#tries = conf.proxyNextUpstreamTries;
    this.#withinMs = conf.proxyNextUpstreamTimeout;
  }

  /** Servers that one request may try, of a group that has so many. */
  triesOf(servers: number): number {
    return this.#tries === 0 ? servers : Math.min(servers, this.#tries);
  }

  /** Is another server asked because of this status? */
  passesBy(request: Request, run: UpstreamRun, status: number): boolean {
    const condition = STATUSES[status];
    return condition !== undefined && this.repeats(request, run, condition);
  }

  /** Is another attempt made after one that failed in this way? */
  repeats(request: Request, run: UpstreamRun, condition: NextUpstream): boolean {
    if (!this.#conditions.has(condition)) return false;
    if (request.attempts.tries >= run.triesMax) return false;
    if (run.sent && run.streams) return false;
    if (run.sent && NOT_IDEMPOTENT.has(request.method) && !this.#conditions.has('non_idempotent')) {
      return false;
    }
    const spentMs = request.site.port.loop.turnMs - run.startedMs;
    return this.#withinMs === 0 || spentMs < this.#withinMs;
  }
}
