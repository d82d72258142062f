import type { HttpError } from '../../http/http-error.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { LogLevel } from '../conf/log-conf.ts';
import { BodyIntake } from './body-intake.ts';
import { hostField } from './client-host.ts';
import { logBegin } from './debug-lines.ts';
import { answerError } from './error-pages.ts';
import { releaseAll } from './hold.ts';
import { hostName } from './host-name.ts';
import { PHASE, Phases } from './phases.ts';
import { concludeRefusal, logDropped } from './refusals.ts';
import { RequestDelay } from './request-delay.ts';
import { requestPath } from './request-path.ts';
import { enterSubrequest } from './subrequest.ts';
import { UpstreamSession } from './upstream-session.ts';
import { AGAIN, PASS, TAKEN, type Verdict, WAIT } from './verdict.ts';

/**
 * One request from its head to its end, on its way through the phases of its server. Used again for
 * the next one. A layer per concern, each a file:
 *
 *   Session ← RequestState ← RequestRouting ← ResponseWriter ← UpstreamSession ← Request
 */
export class Request extends UpstreamSession {
  readonly phases: Phases = new Phases(this);
  readonly intake: BodyIntake = new BodyIntake(this);
  readonly delay: RequestDelay = new RequestDelay(this);
  /** The answer is complete; subrequests that nobody waits for are not. */
  #awaitsBackground = false;
  /** Why the message is none. */
  #refusal: HttpError | undefined;

  // Its beginning.

  /** A message was refused before it was a request. */
  beginRefused(connection: ServerConnection, error: HttpError): void {
    this.#refusal = error;
    this.begin(connection);
  }

  protected override start(): void {
    const client = this.client as ServerConnection;
    this.reset();
    this.#awaitsBackground = false;
    if (this.subrequests !== undefined) {
      enterSubrequest(this);
      return;
    }
    const { head } = client;
    this.method = head.method;
    if (this.#refusal !== undefined) {
      const refusal = this.#refusal;
      this.#refusal = undefined;
      concludeRefusal(this, refusal);
      return;
    }
    this.chooseServer(hostName(hostField(head)));
    if (head.hasDropped) logDropped(this);
    this.isDebugged = this.site.logs.debugs(client);
    if (this.isDebugged || this.location.takesDebug) logBegin(this);
    if (client.requestHasBody) client.holdBody();
    else this.#enter();
  }

  /** What came with the head is kept: from here on, the body can be read at any time. */
  bodyHeld(): void {
    this.#enter();
  }

  #enter(): void {
    const client = this.client as ServerConnection;
    const { head } = client;
    if (this.method === 'TRACE' || (this.method === 'CONNECT' && !this.server.takesConnect)) {
      this.log('info', `client sent ${this.method} method`);
      this.keepAlive = false;
      this.concludeLater(405);
      return;
    }
    const { uri, path, args } = requestPath(head, this.server.conf.mergeSlashes);
    this.args = args;
    if (uri === undefined) {
      this.uri = path;
      this.log('info', 'client sent invalid request while reading client request line');
      this.concludeLater(400);
      return;
    }
    this.uri = uri;
    this.phases.enter(PHASE.postRead);
    this.phases.run();
    // Who waits without wanting the body must still notice that the client has gone.
    if (this.client !== undefined && client.paused) client.watchRequest();
  }

  // What handlers have said.

  /** For handlers that waited: what became of it. `use` is the request's when it began to wait. */
  resume(use: number, verdict: Verdict): void {
    if (use !== this.use || this.client === undefined) return;
    this.phases.resume(verdict);
  }

  /** No handler wanted the request. */
  nothingFound(): Verdict {
    if (!this.uri.endsWith('/')) return 404;
    const path = this.location.filePath?.(this);
    if (path !== undefined) this.log('error', `directory index of "${path}" is forbidden`);
    return 403;
  }

  /** For the phases: a handler has said how the request ends. */
  conclude(status: Verdict): Verdict {
    if (status === PASS || status === WAIT) return TAKEN;
    if (status === 444 || status === 499 || status === 408) {
      this.closeConnection(status);
      return TAKEN;
    }
    const stub = this.subrequests?.options?.stub;
    if (stub !== undefined && !this.headSent) return this.reply(200, 'text/html', stub);
    const verdict = answerError(this, status);
    return verdict < 200 ? verdict : answerError(this, verdict);
  }

  concludeLater(status: number): void {
    if (this.conclude(status) === AGAIN) this.phases.run();
  }

  protected filterHead(): boolean {
    const { headerFilters } = this.location;
    for (let i = 0; i < headerFilters.length && this.instead === 0; i += 1)
      headerFilters[i]?.(this);
    if (this.instead === 0) return true;
    this.#answerInstead();
    return false;
  }

  #answerInstead(): void {
    const status = this.instead;
    this.instead = 0;
    // What a server still says is not the answer any more.
    if (this.upstream !== undefined) this.dropUpstream();
    this.stopFilters();
    this.conditionsOff = true;
    this.concludeLater(status);
  }

  // Its end.

  completed(): void {
    this.isComplete = true;
    this.sendHeldHead();
    if (this.reframes) {
      this.makesTrailers?.(this);
      this.sendLastChunk();
    }
    if (this.subrequests?.hasBackground) this.#awaitsBackground = true;
    else this.#leaveClient();
  }

  #leaveClient(): void {
    const client = this.client as ServerConnection;
    const reuse = !this.closesAfter;
    this.finish();
    client.endResponse(reuse);
  }

  /** A subrequest has ended that only the end of the request waits for. */
  backgroundEnded(): void {
    if (!this.#awaitsBackground || this.client === undefined) return;
    if (this.subrequests?.hasBackground !== true) this.#leaveClient();
  }

  /** The rest of the answer will not come: the client sees where it ends, if it can tell at all. */
  cutShort(): void {
    const client = this.client as ServerConnection;
    if (this.isSubrequest || (!this.reframes && this.out.contentLength < 0)) {
      this.cut();
      return;
    }
    this.sendHeldHead();
    this.finish();
    client.endResponse(false);
  }

  /** Ends the connection without a word. */
  closeConnection(status: number): void {
    const client = this.client as ServerConnection;
    if (!this.headSent) this.status = status;
    this.finish();
    client.closeSilently(this.location.conf.resetTimedoutConnection);
  }

  /** As nginx sees it: who sends no more has left, while others work for it. */
  clientEnded(): boolean {
    if (this.isPaced) return true;
    if (this.delay.isWaiting || this.subrequests?.clientEnded() === true) return true;
    const { proxyIgnoreClientAbort, proxyStore } = this.location.conf;
    return this.attempts.server >= 0 && !proxyIgnoreClientAbort && proxyStore === 'off';
  }

  /** The client broke HTTP within its body. */
  requestRefused(error: HttpError): boolean {
    if (this.headSent) return false;
    this.dropUpstream();
    this.attempts.cancel();
    this.intake.stopReading();
    concludeRefusal(this, error);
    return true;
  }

  /** The client is gone: a status that it has been told stays. */
  override requestFailed(error: HttpError | undefined): void {
    this.error = error;
    // A body that breaks off while it is read makes a bad request.
    const status = this.intake.isReading ? 400 : 499;
    if (!this.headSent) this.status = error?.status ?? status;
    if (this.side?.clientGone(this)) return;
    this.upstream?.destroy();
    this.upstream = undefined;
    this.attempts.cancel();
    this.finish();
  }

  override finish(): void {
    this.stopSending();
    this.stopFilters();
    this.subrequests?.stop();
    this.side?.finished(this);
    this.delay.cancel();
    if (this.holds.length > 0) releaseAll(this.holds);
    const { loggers, conf } = this.location;
    const isLogged = !this.isSubrequest || conf.logSubrequest;
    for (let i = 0; isLogged && i < loggers.length; i += 1) loggers[i]?.(this);
    if (!this.isSubrequest) this.subrequests = undefined;
    this.body.reset();
    super.finish();
  }

  log(level: LogLevel, text: string): void {
    this.site.logs.request(this, level, text);
  }
}
