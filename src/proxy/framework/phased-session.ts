import { timerOperation } from '../../core/operations.ts';
import type { Level } from '../../core/outbox/water-marks.ts';
import type { ClientConnection } from '../../http/client-connection.ts';
import { editedRequestHead, editedResponseHead, framingLine } from '../../http/edited-head.ts';
import type { HttpError } from '../../http/http-error.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { LAST_CHUNK, sendBytes, sendChunk } from '../../http/send-body.ts';
import { responseHead } from '../../http/serializer.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { ProxyError } from '../proxy-error.ts';
import { Session } from '../session.ts';
import { BodyPipe } from './body-pipe.ts';
import type { CompiledRoute } from './compile.ts';
import type { Generation, PhasedShared } from './generation.ts';
import { KeptBody } from './kept-body.ts';
import type { Reply } from './messages.ts';
import type { Peer, Upstream } from './peers.ts';
import { PhaseRunner } from './phase-runner.ts';
import type { RetryDecision } from './phases.ts';
import type { ReceivedRequest } from './received-request.ts';
import { type Replier, ReplySender } from './reply-sender.ts';
import { ReceivedResponse, SentResponse } from './response-heads.ts';
import { type SessionEngine, SessionFace } from './session-face.ts';

/** Attempts of one request, whatever handlers say. */
export const ATTEMPTS_MAX = 16;

/**
 * A session whose route has phases: the same exchange, with handlers at its fixed points.
 *
 *   start → earlyRequest → route → requestFilter → upstreamPeer → connect → connected →
 *   upstreamRequestFilter → head and body up → upstreamResponseFilter → responseFilter →
 *   head and body down → logging
 */
export class PhasedSession extends Session implements Replier, SessionEngine {
  readonly #shared: PhasedShared;
  readonly #runner: PhaseRunner<PhasedSession>;
  readonly #reply: ReplySender<PhasedSession>;
  readonly #delay = timerOperation(() => this.#delayed());
  #face: SessionFace | undefined;
  #generation: Generation;
  #route: CompiledRoute;
  /** What of the path is replaced by, where the destination has a path of its own. */
  #uri: string | undefined;
  #hashKey = '';
  #up: ReceivedRequest | undefined;
  #kept: KeptBody | undefined;
  /** How much of a body that was kept the current attempt has. */
  #keptSent = 0;
  #requestPipe: BodyPipe | undefined;
  #responsePipe: BodyPipe | undefined;
  /** The response's head waits in its connection for a handler. */
  #inHead = false;
  #headHeld = false;
  #response: ReceivedResponse | undefined;
  #responseSource: MessageHead | undefined;
  #failing = false;

  constructor(shared: PhasedShared) {
    super(shared);
    this.#shared = shared;
    this.#generation = shared.generation;
    this.#route = shared.generation.proxy.rest;
    this.#runner = new PhaseRunner<PhasedSession>(this, shared.port.loop);
    this.#reply = new ReplySender<PhasedSession>(this, this.#runner);
  }

  get face(): SessionFace {
    return this.#face as SessionFace;
  }

  handlerWaits(): void {
    this.client?.pauseRequest();
    if (!this.#inHead || this.#headHeld) return;
    this.#headHeld = true;
    this.upstream?.holdHead();
  }

  handlerFailed(error: unknown): void {
    const own = error instanceof ProxyError; // Of a body that did not come, for example.
    this.#giveUp(own ? error : new ProxyError('Internal', 'internal', error));
  }

  keepRequestBody(limitBytes: number): Promise<Uint8Array> {
    if (this.#kept !== undefined) return this.#kept.whole;
    if (this.upstream !== undefined || this.responseStarted) {
      return Promise.reject(new Error('the body is on its way already'));
    }
    const kept = new KeptBody(limitBytes);
    this.#kept = kept;
    if (this.requestEnded) kept.end();
    else this.client?.resumeRequest();
    return kept.whole;
  }

  abortExchange(cause: unknown): void {
    this.error = new ProxyError('Internal', 'internal', cause);
    this.#dropUpstream();
    this.cut();
  }

  override requestBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.face.fromClient += to - from;
    if (this.#kept !== undefined) {
      if (!this.#kept.add(data, from, to)) this.client?.pauseRequest();
    } else if (this.#requestPipe !== undefined) this.#requestPipe.push(data.slice(from, to));
    else super.requestBody(data, from, to, owned);
  }

  override requestEnd(): void {
    if (this.#kept !== undefined) {
      this.requestEnded = true;
      this.#kept.end();
    } else if (this.#requestPipe !== undefined) this.#requestPipe.push(undefined);
    else super.requestEnd();
  }

  override requestFailed(error: HttpError | undefined): void {
    const type = error?.code === 'BODY_TOO_LARGE' ? 'BodyTooLarge' : 'ConnectionClosed';
    const failure = new ProxyError(type, 'downstream', error, error?.status ?? 499);
    this.#kept?.fail(failure);
    this.error = failure;
    super.requestFailed(error);
  }

  override requestLevel(level: Level): void {
    if (this.#kept?.body !== undefined) {
      if (level === 'open') this.#sendKept();
    } else super.requestLevel(level);
  }

  override responseLevel(level: Level): void {
    if (this.#reply.active) {
      if (level === 'open') this.#reply.goOn();
    } else super.responseLevel(level);
  }

  override responseHead(head: MessageHead): void {
    this.headMs = this.shared.port.loop.turnMs;
    this.face.firstByteMs = this.headMs;
    this.status = head.status;
    this.#responseSource = head;
    this.#response = new ReceivedResponse(head);
    this.#inHead = true;
    const { upstreamResponseFilter } = this.#route.phases;
    this.#runner.first(upstreamResponseFilter, this.#response, this.#filterResponse);
    this.#inHead = false;
  }

  override responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.face.fromUpstream += to - from;
    if (this.#responsePipe !== undefined) this.#responsePipe.push(data.slice(from, to));
    else super.responseBody(data, from, to, owned);
  }

  override responseEnd(): void {
    if (this.#responsePipe === undefined) {
      super.responseEnd();
      return;
    }
    this.giveBack();
    this.#responsePipe.push(undefined);
  }

  /** For `ReplySender`: the head of a reply is fixed. */
  replyHead(text: string, status: number): void {
    const client = this.client as ServerConnection;
    this.responseStarted = true;
    this.status = status;
    this.face.res = new SentResponse(status, text);
    client.send(text);
  }

  /** For `ReplySender`: the connection whose client is answered. */
  get replyTo(): ServerConnection {
    return this.client as ServerConnection;
  }

  get replyMayReuse(): boolean {
    const client = this.client as ServerConnection;
    return client.persistent && this.requestEnded && client.head.minorVersion === 1;
  }

  get replyFilters(): CompiledRoute['phases'] {
    return this.#route.phases;
  }

  /** For `ReplySender`: bytes of the body went out. */
  replySent(bytes: number): void {
    this.bodyBytes += bytes;
  }

  replyDone(reuse: boolean): void {
    const client = this.client as ServerConnection;
    this.finish();
    client.endResponse(reuse);
  }

  replyCut(error: unknown): void {
    this.error = new ProxyError('Internal', 'internal', error);
    this.cut();
  }

  protected override start(): void {
    const client = this.client as ServerConnection;
    const generation = this.#shared.generation;
    generation.sessions += 1;
    this.#generation = generation;
    this.#route = generation.proxy.rest;
    this.target = this.shared.target;
    this.#failing = false;
    const face = new SessionFace(this, client.head, 'request', client.address, this.startedMs);
    this.#face = face;
    try {
      face.ctx = {};
      for (const make of generation.proxy.contexts) Object.assign(face.ctx, make(face));
    } catch (error) {
      this.handlerFailed(error);
      return;
    }
    this.#runner.all(generation.proxy.earlyRequest, undefined, this.#chooseRoute);
  }

  protected override nextServer(): void {
    if (this.face.attempts >= ATTEMPTS_MAX) {
      this.answer((this.error as ProxyError | undefined) ?? noUpstream(undefined));
      return;
    }
    this.#runner.first(this.#route.phases.upstreamPeer, undefined, this.#choosePeer);
  }

  override get hashKey(): string {
    return this.#hashKey;
  }

  protected override attempting(): void {
    this.face.begin(this.target.peerOf(this.server));
  }

  protected override ready(upstream: ClientConnection): void {
    this.attach(upstream);
    upstream.requestOpen = true; // It is not late with an answer while handlers think.
    const { face, target } = this;
    const { port } = this.shared;
    face.connectedMs = port.loop.turnMs;
    const { connected } = this.#route.phases;
    const connection = connected && {
      peer: target.peerOf(this.server),
      reused: upstream.exchanges > 1,
      localPort: port.localEndpoint(upstream.outbox.socket)?.port ?? 0,
    };
    this.#runner.all(connected, connection, this.#prepareHead);
  }

  protected override connectFailed(error: ProxyError): void {
    error.retry = true;
    this.#decide(this.#route.phases.failToConnect, error);
  }

  protected override attemptFailed(error: ProxyError, repeats: boolean): void {
    this.#runner.cancel();
    error.retry = repeats;
    this.#decide(this.#route.phases.errorWhileProxy, error);
  }

  /** A body that was kept can be sent again. */
  protected override get mayRepeat(): boolean {
    if (this.#kept?.body !== undefined) this.bodySent = false;
    return super.mayRepeat;
  }

  protected override answer(error: ProxyError | HttpError): void {
    this.error = error;
    if (this.#failing || !(error instanceof ProxyError)) {
      super.answer(error);
      return;
    }
    this.#failing = true;
    this.#runner.cancel();
    this.#runner.first(this.#route.phases.failToProxy, error, this.#answerError);
  }

  protected override cut(): void {
    this.#reply.stop();
    super.cut();
  }

  protected override finish(): void {
    const face = this.face;
    const { port } = this.shared;
    const error = this.error instanceof ProxyError ? this.error : undefined;
    this.#runner.cancel();
    port.cancel(this.#delay);
    this.#reply.stop();
    this.#requestPipe?.stop();
    this.#responsePipe?.stop();
    this.#kept?.fail(new Error('the exchange is over'));
    face.doneMs = port.loop.turnMs;
    face.toClient = this.bodyBytes;
    this.#generation.log(
      this.#route.phases.logging,
      face,
      this.responseStarted ? undefined : error,
    );
    face.end(error);
    this.#forget();
    super.finish();
    this.#generation.ended();
  }

  #forget(): void {
    this.#face = undefined;
    this.#up = undefined;
    this.#uri = undefined;
    this.#kept = undefined;
    this.#keptSent = 0;
    this.#requestPipe = undefined;
    this.#responsePipe = undefined;
    this.#response = undefined;
    this.#responseSource = undefined;
    this.#headHeld = false;
  }

  #chooseRoute(): void {
    const { proxy } = this.#generation;
    const { face } = this;
    const route = proxy.isRouted ? proxy.routes.find(face.req) : undefined;
    this.#route = route ?? proxy.rest;
    try {
      for (const make of this.#route.contexts) Object.assign(face.ctx, make(face));
    } catch (error) {
      this.handlerFailed(error);
      return;
    }
    this.#runner.first(this.#route.phases.requestFilter, undefined, this.#filtered);
  }

  #filtered(answer: unknown): void {
    if (answer !== undefined) this.#reply.send(answer as Reply);
    else this.nextServer();
  }

  #choosePeer(answer: unknown): void {
    const choice = (answer ?? this.#route.target) as Peer | Upstream | string | undefined;
    if (choice === undefined) {
      const nowhere = this.#generation.proxy.isRouted ? 404 : undefined;
      this.answer(noUpstream(nowhere));
      return;
    }
    try {
      const { target, uri, hashOf } = this.#generation.targets.resolve(choice);
      if (target !== this.target) this.tries = 0; // Servers are numbered within their group.
      this.target = target;
      this.#uri = uri;
      this.#hashKey = hashOf?.(this.face) ?? '';
    } catch (error) {
      this.handlerFailed(error);
      return;
    }
    super.nextServer();
  }

  #prepareHead(): void {
    const { upstreamRequestFilter } = this.#route.phases;
    const { req } = this.face;
    this.#up = upstreamRequestFilter === undefined ? req : req.copy();
    this.#runner.all(upstreamRequestFilter, this.#up, this.#sendUp);
  }

  #sendUp(): void {
    const up = this.#up as ReceivedRequest;
    const { head } = this.client as ServerConnection;
    const { routed, prefix, phases } = this.#route;
    const kept = this.#kept?.body;
    const hasBody = head.framing !== 'none';
    let framing = '';
    if (kept !== undefined) framing = hasBody ? framingLine(kept.length) : '';
    else if (hasBody && phases.requestBodyFilter !== undefined) {
      framing = framingLine('chunked');
      this.#requestPipe = new BodyPipe(phases.requestBodyFilter, this.face, this.#requestSide);
    } else if (head.framing === 'length') framing = framingLine(head.contentLength);
    else if (head.framing === 'chunked') framing = framingLine('chunked');
    const host = up.host === undefined ? this.target.hostLine : `Host: ${up.host}\r\n`;
    const line = `${up.method} ${up.forwardedTarget(routed, prefix, this.#uri)}`;
    const client = this.shared.forwardedFor ? this.face.clientIp : '';
    const text = editedRequestHead(line, host, head, up.headers, framing, client);
    this.face.toUpstream += text.length;
    this.sendHead(text, kept === undefined && this.#requestPipe === undefined);
    if (kept === undefined) return;
    this.#keptSent = 0;
    this.#sendKept();
  }

  /** Sends of a body that was kept as much as the server takes. */
  #sendKept(): void {
    const body = this.#kept?.body as Uint8Array;
    const { upstream } = this;
    if (upstream === undefined) return;
    while (this.#keptSent < body.length && upstream.outbox.level === 'open') {
      const end = Math.min(this.#keptSent + KEPT_PIECE_BYTES, body.length);
      if (!upstream.outbox.append(body.subarray(this.#keptSent, end))) return;
      this.#keptSent = end;
    }
  }

  /** What becomes of a request body that filters have seen. */
  readonly #requestSide = {
    filtered: (bytes: Uint8Array): void => {
      const outbox = this.upstream?.outbox;
      this.bodySent = true;
      if (outbox === undefined || outbox.broken) return;
      if (!sendChunk(outbox, bytes, 0, bytes.length, true)) this.fail('WriteTimeout', undefined);
      else if (outbox.level === 'high') this.client?.pauseRequest();
    },
    filteredAll: (): void => {
      this.requestEnded = true;
      if (this.upstream === undefined) return;
      this.upstream.requestOpen = false;
      this.upstream.outbox.appendText(LAST_CHUNK);
    },
    filterWaits: (waits: boolean): void => {
      if (waits) this.client?.pauseRequest();
      else if (this.upstream?.outbox.level === 'open') this.client?.resumeRequest();
    },
    filterFailed: (error: unknown): void => this.handlerFailed(error),
  };

  #filterResponse(answer: unknown): void {
    if (answer !== undefined) {
      this.#dropUpstream();
      this.#reply.send(answer as Reply);
      return;
    }
    this.#runner.all(this.#route.phases.responseFilter, this.#response, this.#sendDown);
  }

  #sendDown(): void {
    const head = this.#responseSource as MessageHead;
    const response = this.#response as ReceivedResponse;
    const client = this.client as ServerConnection;
    const old = client.head.minorVersion === 0;
    const filters = head.framing === 'none' ? undefined : this.#route.phases.responseBodyFilter;
    if (filters !== undefined) {
      response.bodyChanges();
      this.#responsePipe = new BodyPipe(filters, this.face, this.#responseSide);
    }
    this.responseStarted = true;
    this.status = response.status;
    this.reframes = (head.framing === 'chunked' || filters !== undefined) && !old;
    this.closesAfter =
      !client.persistent ||
      (head.framing === 'close' && !this.reframes) ||
      ((head.framing === 'chunked' || filters !== undefined) && old);
    let ours = this.reframes ? framingLine('chunked') : '';
    if (this.closesAfter) ours += 'Connection: close\r\n';
    else if (old) ours += 'Connection: keep-alive\r\n';
    const { status, reason, headers } = response;
    const text = response.changed
      ? editedResponseHead(status, reason, head, headers, filters === undefined, ours)
      : responseHead(head, ours);
    this.face.res = new SentResponse(status, text);
    client.send(text);
    if (!this.#headHeld) return;
    this.#headHeld = false;
    this.upstream?.releaseHead();
  }

  /** What becomes of a response body that filters have seen. */
  readonly #responseSide = {
    filtered: (bytes: Uint8Array): void => {
      const { outbox } = this.client as ServerConnection;
      this.bodyBytes += bytes.length;
      const send = this.reframes ? sendChunk : sendBytes;
      if (!send(outbox, bytes, 0, bytes.length, true)) this.fail('WriteTimeout', undefined);
    },
    filteredAll: (): void => this.endResponse(),
    filterWaits: (waits: boolean): void => {
      if (waits) this.upstream?.pauseResponse();
      else if (this.client?.outbox.level === 'open') this.upstream?.resumeResponse();
    },
    filterFailed: (error: unknown): void => this.handlerFailed(error),
  };

  /** Asks the handlers what becomes of a failed attempt; the limits are not theirs. */
  #decide(handlers: CompiledRoute['phases']['failToConnect'], error: ProxyError): void {
    this.error = error;
    this.#runner.first(handlers, error, this.#decided);
  }

  #decided(answer: unknown): void {
    const error = this.error as ProxyError;
    const decision = answer as RetryDecision;
    const wanted = decision === undefined ? error.retry : decision.retry;
    const possible = !this.bodySent || this.#kept?.body !== undefined;
    if (!wanted || !possible || this.responseStarted) {
      this.answer(error);
      return;
    }
    // A handler may ask for another try at a group whose servers were all tried.
    const { tries } = this.target.group.config.retry;
    if (decision?.retry === true && this.face.attempts < tries) this.tries = 0;
    const delayMs = decision?.delayMs ?? 0;
    if (delayMs <= 0) {
      this.nextServer();
      return;
    }
    this.client?.pauseRequest();
    this.#delay.atMs = this.shared.port.loop.nowMs() + delayMs;
    this.shared.port.submit(this.#delay);
  }

  #delayed(): void {
    if (this.#delay.status === 'done' && this.#face !== undefined) this.nextServer();
  }

  #answerError(answer: unknown): void {
    if (answer !== undefined) this.#reply.send(answer as Reply);
    else super.answer(this.error as ProxyError);
  }

  /** Ends the exchange because of something here. */
  #giveUp(error: ProxyError): void {
    this.error = error;
    this.#runner.cancel();
    this.#dropUpstream();
    if (this.responseStarted) this.cut();
    else this.answer(error);
  }

  #dropUpstream(): void {
    this.upstream?.destroy();
    this.upstream = undefined;
    this.shared.port.cancel(this.connect);
  }
}

const KEPT_PIECE_BYTES = 64 * 1024;

function noUpstream(status: number | undefined): ProxyError {
  return new ProxyError('NoUpstream', 'internal', undefined, status);
}
