import type { ClientConnection } from '../../../http/client-connection.ts';
import { UPGRADE } from '../../../http/field-names.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import type { Evaluate } from '../../engine/templates.ts';
import { RequestHead } from './request-head.ts';
import type { UpstreamRun } from './upstream-run.ts';

/** No body goes up, and none is announced. */
const NO_BODY = -2;
const UNKNOWN_LENGTH = -1;

/** What goes up to a server: head and body, the same for each attempt. */
export class Upward {
  readonly #conf: LocationConf;
  readonly #head: RequestHead;
  readonly #body: Evaluate | undefined;

  constructor(conf: LocationConf, site: Site) {
    const { proxySetBody } = conf;
    this.#conf = conf;
    this.#head = new RequestHead(conf, site);
    this.#body = proxySetBody === undefined ? undefined : site.template(proxySetBody);
  }

  /** Does the body go up as it comes? There is one that has not been read. */
  streams({ client }: Request): boolean {
    const { proxyRequestBuffering, proxyPassRequestBody, proxyHttpVersion } = this.#conf;
    if (proxyRequestBuffering || this.#body !== undefined || !proxyPassRequestBody) return false;
    const { framing } = (client as ServerConnection).head;
    return framing !== 'chunked' || proxyHttpVersion !== '1.0';
  }

  /** It is known where the request goes: its head, and what stands in for its body, are made. */
  prepare(request: Request, run: UpstreamRun): void {
    const text = this.#body?.(request);
    run.method = this.#head.method(request);
    run.body = text ?? '';
    run.head = this.#head.text(request, run, run.method, this.#lengthOf(request, run, text));
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

  /** Sends it all, or begins to. */
  send(request: Request, run: UpstreamRun, upstream: ClientConnection): void {
    const { head } = request.client as ServerConnection;
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

  /** Of a body that streams: `true`, it has been taken, and goes up with what comes next to it. */
  passes(request: Request, data: Uint8Array, from: number, to: number): boolean {
    const run = request.run as UpstreamRun;
    run.sentBytes += to - from;
    if (request.site.variables.used.has('request_body')) {
      run.passed.add(data, from, to, this.#conf.clientBodyBufferSize);
    }
    return run.chunks.take(request, data, from, to);
  }
}
