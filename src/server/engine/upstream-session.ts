import type { Level } from '../../core/outbox/water-marks.ts';
import type { ClientConnection } from '../../http/client-connection.ts';
import type { ClientFailure } from '../../http/client-options.ts';
import type { HttpError } from '../../http/http-error.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { interimHead } from '../../http/serializer.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { ProxyError } from '../../proxy/proxy-error.ts';
import type { Request } from './request.ts';
import { ResponseWriter } from './response-writer.ts';
import type { UpstreamSide } from './upstream-side.ts';

/**
 * A request that a server is to answer. What `Session` would do by itself is the affair of its
 * `side`, which is handed the whole request: hence `this: Request`.
 */
export abstract class UpstreamSession extends ResponseWriter {
  /** Outside of the phases: the request ends with this status. */
  abstract concludeLater(status: number): void;

  // The body of the request.

  /** Reads the whole body of the request first; `then` runs when it is there. */
  readBody(then: () => void): void {
    this.intake.read(then);
  }

  /** Bytes that the client has sent for it so far. */
  get requestBytes(): number {
    const { head } = this.client as ServerConnection;
    return head.rawBytes + this.intake.come;
  }

  override requestBody(
    this: Request,
    data: Uint8Array,
    from: number,
    to: number,
    owned: boolean,
  ): void {
    this.intake.count(to - from);
    if (this.intake.isReading) this.intake.keep(data, from, to);
    else if (!this.side?.bodyPassed(this, data, from, to)) {
      super.requestBody(data, from, to, owned);
    }
  }

  override requestEnd(this: Request): void {
    if (this.intake.isReading) {
      this.requestEnded = true;
      this.intake.ended();
      return;
    }
    this.side?.bodyEnds(this);
    super.requestEnd();
  }

  /** A body that was read is sent on at the server's pace. */
  override requestLevel(level: Level): void {
    if (!this.body.isWhole) super.requestLevel(level);
    else if (level === 'open' && this.upstream !== undefined) this.body.feed(this.upstream);
  }

  /** The body that was kept cannot be read. */
  bodyBroke(): void {
    this.log('crit', 'the body of the request cannot be read from its temporary file');
    this.dropUpstream();
    this.concludeLater(500);
  }

  // Attempts.

  override attempting(this: Request): void {
    (this.side as UpstreamSide).attempting(this);
  }

  override ready(this: Request, upstream: ClientConnection): void {
    (this.side as UpstreamSide).ready(this, upstream);
  }

  override connectFailed(this: Request, error: ProxyError): void {
    (this.side as UpstreamSide).connectFailed(this, error);
  }

  override noServer(this: Request): void {
    (this.side as UpstreamSide).noServer(this);
  }

  override answer(error: ProxyError | HttpError): void {
    this.concludeLater(error.status);
  }

  // An exchange with a server.

  /** The exchange goes on over this connection. */
  attachUpstream(upstream: ClientConnection): void {
    this.attach(upstream);
    if (this.isSubrequest) upstream.bodiless = this.method === 'HEAD';
  }

  /** `streams`: the body follows as it comes. */
  sendUp(text: string, streams: boolean): void {
    if (streams) this.intake.taken = true;
    this.sendHead(text, streams);
  }

  /** A 103 of the server's, where the location wants it passed on. */
  override earlyHints(this: Request, head: MessageHead): void {
    const { client, site } = this;
    const { earlyHints } = this.location.conf;
    if (earlyHints.length === 0 || client === undefined || this.isSubrequest) return;
    if (client.head.minorVersion === 0 || this.headSent) return;
    const values = earlyHints.map((template) => site.template(template)(this));
    if (values.some((value) => value !== '' && value !== '0'))
      client.sendInterim(interimHead(head));
  }

  override responseHead(this: Request, head: MessageHead): void {
    (this.side as UpstreamSide).responseHead(this, head);
  }

  override responseEnd(this: Request): void {
    (this.side as UpstreamSide).responseEnd(this);
    super.responseEnd();
  }

  override responseFailed(this: Request, failure: ClientFailure): void {
    (this.side as UpstreamSide).responseFailed(this, failure);
  }

  /** A connection that has not been given the whole request is of no further use. */
  protected override giveBack(): void {
    const { requestEnded } = this;
    if (this.body.isWhole && !this.body.isSent) this.requestEnded = false;
    super.giveBack();
    this.requestEnded = requestEnded;
  }

  /** The server's answer is not wanted any more. */
  dropUpstream(): void {
    this.upstream?.destroy();
    this.upstream = undefined;
    this.attempts.leave();
  }
}
