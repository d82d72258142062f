import { NO_SOCKET, type SocketId, type TimerOperation } from '../../core/operation.ts';
import { timerOperation } from '../../core/operations.ts';
import type { Level } from '../../core/outbox/water-marks.ts';
import type { ClientConnection } from '../../http/client-connection.ts';
import { editedRequestHead, editedResponseHead, framingLine } from '../../http/edited-head.ts';
import { HttpError } from '../../http/http-error.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { LAST_CHUNK, sendBytes, sendChunk } from '../../http/send-body.ts';
import { requestHead, responseHead } from '../../http/serializer.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { AccessDetails, AccessLog } from '../access-log.ts';
import { ProxyError } from '../proxy-error.ts';
import { isHead, isIdempotent, Session } from '../session.ts';
import { Tunnel } from '../tunnel.ts';
import { BodyPipe, copyOf } from './body-pipe.ts';
import type { CompiledRoute } from './compile.ts';
import type { Generation, PhasedShared } from './generation.ts';
import { KeptBody } from './kept-body.ts';
import type { Reply } from './messages.ts';
import type { Peer, Upstream } from './peers.ts';
import { PhaseRunner } from './phase-runner.ts';
import type { RetryDecision } from './phases.ts';
import type { ReceivedRequest } from './received-request.ts';
import { type Replier, ReplySender } from './reply-sender.ts';
import { requestError } from './request-error.ts';
import { bodyChanges, isBodiless, ReceivedResponse, ReplyHead } from './response-heads.ts';
import { type SessionEngine, SessionFace } from './session-face.ts';
import { askedUpgrade, confirms, isTunnelPeer, kindOf, upgradeLines } from './switching.ts';

/** Attempts of one request, whatever handlers say. */
export const ATTEMPTS_MAX = 16;

/**
 * A session whose route has phases: the same exchange, with handlers at its fixed points.
 *
 *   start → earlyRequest → route → requestFilter → upstreamPeer → connect → connected →
 *   upstreamRequestFilter → head and body up → upstreamResponseFilter → responseFilter →
 *   head and body down → logging
 *
 * An upgrade is the same up to its 101, a CONNECT up to `connected`: its answer is ours. What comes
 * then is a tunnel's, and logged at its end.
 */
export class PhasedSession extends Session implements Replier, SessionEngine {
  readonly #shared: PhasedShared;
  readonly #runner: PhaseRunner<PhasedSession>;
  readonly #reply: ReplySender<PhasedSession>;
  #delay: TimerOperation | undefined;
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
  /** The current attempt's head has gone up. */
  #headSent = false;
  /** Attempts, but for those that a pooled connection's end has spoilt. */
  #counted = 0;
  /** The current attempt's connection has served an exchange before. */
  #reused = false;
  /** What of `toUpstream` was sent in attempts before the current one. */
  #upBefore = 0;
  /** For the access log, which is written when the rest is gone. */
  #details: AccessDetails | undefined;
  /** The answer to a CONNECT. */
  #established: ReplyHead | undefined;
  #tunnel: Tunnel | undefined;

  constructor(shared: PhasedShared) {
    super(shared);
    this.#shared = shared;
    this.#generation = shared.generation;
    this.#route = shared.generation.proxy.rest;
    this.#runner = new PhaseRunner<PhasedSession>(this, shared.port.loop);
    this.#reply = new ReplySender<PhasedSession>(this, this.#runner, shared.port.loop);
  }

  get face(): SessionFace {
    return this.#face as SessionFace;
  }

  handlerWaits(): void {
    this.face.isKept = true;
    // A handler that waits for the body itself must get it.
    if (this.#kept === undefined || this.#kept.body !== undefined) this.client?.watchRequest();
    if (!this.#inHead || this.#headHeld) return;
    this.#headHeld = true;
    this.upstream?.holdHead();
  }

  handlerFailed(error: unknown): void {
    const own = error instanceof ProxyError; // Of a body that did not come, for example.
    this.#giveUp(own ? error : new ProxyError('Internal', 'internal', error));
  }

  keepRequestBody(limitBytes: number): Promise<Uint8Array> {
    if (this.#kept !== undefined) return this.#kept.atMost(limitBytes);
    if (this.#headSent || this.bodySent || this.responseStarted) {
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
      return;
    }
    this.bodySent = true; // A filter that holds it back does not give it again, either.
    if (this.#requestPipe !== undefined) this.#requestPipe.push(copyOf(data, from, to));
    else {
      this.face.toUpstream += to - from;
      super.requestBody(data, from, to, owned);
    }
  }

  override requestEnd(): void {
    if (this.#kept !== undefined) {
      this.requestEnded = true;
      this.#kept.end();
    } else if (this.#requestPipe !== undefined) {
      this.bodySent = true;
      this.#requestPipe.push(undefined);
    } else super.requestEnd();
  }

  override requestFailed(error: HttpError | undefined): void {
    const failure = this.#shared.isCut
      ? new ProxyError('Internal', 'internal', new Error('shutdown'), 499)
      : requestError(error);
    this.#kept?.fail(failure);
    this.error = failure;
    this.#tunnel?.stop();
    if (this.#tunnel === undefined) this.status = failure.status;
    this.#dropUpstream();
    this.finish();
  }

  override requestLevel(level: Level): void {
    if (this.#kept?.body !== undefined) {
      if (level === 'open') this.#sendKept();
    } else if (this.#requestPipe !== undefined) {
      if (level === 'open') this.#requestPipe.goOn();
    } else super.requestLevel(level);
  }

  override responseLevel(level: Level): void {
    if (this.#reply.active) {
      if (level === 'open') this.#reply.goOn();
    } else if (this.#responsePipe !== undefined) {
      if (level === 'open') this.#responsePipe.goOn();
    } else super.responseLevel(level);
  }

  override responseHead(head: MessageHead): void {
    if (head.status === 101 && !confirms(head, this.face.upgrade)) {
      throw new HttpError('BAD_STATUS_LINE', '101 to what was not asked for');
    }
    this.headMs = this.shared.port.loop.turnMs;
    this.error = undefined; // Of an attempt before this one.
    this.face.firstByteMs = this.headMs;
    this.face.fromUpstream += head.bytes;
    this.status = head.status;
    this.#responseSource = head;
    const { upstreamResponseFilter, responseFilter, responseBodyFilter } = this.#route.phases;
    if (!(upstreamResponseFilter ?? responseFilter ?? responseBodyFilter) && head.status !== 101) {
      this.#sendDown(); // Nobody looks at it.
      return;
    }
    this.#response = new ReceivedResponse(head);
    this.#inHead = true;
    this.#runner.first(upstreamResponseFilter, this.#response, this.#filterResponse);
    this.#inHead = false;
  }

  override responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.face.fromUpstream += to - from;
    if (this.#responsePipe !== undefined) this.#responsePipe.push(copyOf(data, from, to));
    else super.responseBody(data, from, to, owned);
  }

  /** What filters are to see comes to us. */
  override moveTo(): SocketId {
    return this.#responsePipe === undefined ? super.moveTo() : NO_SOCKET;
  }

  override responseMoved(bytes: number): void {
    this.face.fromUpstream += bytes;
    super.responseMoved(bytes);
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
    this.#sendsHead(status, text);
    client.send(text);
  }

  #sendsHead(status: number, text: string): void {
    this.face.sends(status, text);
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
    this.#headSent = false;
    this.#counted = 0;
    const upgrade = askedUpgrade(client.head, this.#shared.upgrades);
    const kind = kindOf(client.head, upgrade);
    const face = new SessionFace(this, client.head, kind, client.address, this.startedMs);
    this.#face = face;
    face.upgrade = upgrade;
    face.fromClient = client.head.bytes;
    // What follows a CONNECT that was refused may be meant for the tunnel: it is never read as HTTP.
    if (kind === 'connect') client.lastRequest = true;
    if (!this.#addContexts(generation.proxy.contexts)) return;
    this.#runner.all(generation.proxy.earlyRequest, undefined, this.#chooseRoute);
  }

  /** `false`: one of them could not be made, and that was the end. */
  #addContexts(contexts: CompiledRoute['contexts']): boolean {
    const { face } = this;
    if (contexts.length === 0) return true;
    try {
      const ctx = { ...face.ctx };
      face.ctx = ctx;
      for (const make of contexts) Object.assign(ctx, make(face));
      return true;
    } catch (error) {
      this.handlerFailed(error);
      return false;
    }
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
    this.#counted += 1;
    this.face.begin(this.target.peerOf(this.server));
  }

  /** A tunnel begins with a connection that nobody has spoken on. */
  protected override get takesPooled(): boolean {
    return this.face.kind !== 'connect';
  }

  protected override attach(upstream: ClientConnection): void {
    this.upstream = upstream;
    if (this.face.kind === 'connect') return; // It is asked nothing.
    super.attach(upstream);
    upstream.requestOpen = true; // It is not late with an answer while handlers think.
    upstream.switches = this.face.kind === 'upgrade';
  }

  protected override ready(upstream: ClientConnection): void {
    this.attach(upstream);
    this.#reused = upstream.exchanges > 1;
    const { face, target } = this;
    this.#upBefore = face.toUpstream;
    const { port } = this.shared;
    face.connectedMs = port.loop.turnMs;
    const { connected } = this.#route.phases;
    const connection = connected && {
      peer: target.peerOf(this.server),
      reused: upstream.exchanges > 1,
      localPort: port.localEndpoint(upstream.outbox.socket)?.port ?? 0,
    };
    const next = face.kind === 'connect' ? this.#establish : this.#prepareHead;
    this.#runner.all(connected, connection, next);
  }

  protected override connectFailed(error: ProxyError): void {
    error.retry = true;
    this.#decide(this.#route.phases.failToConnect, error);
  }

  protected override attemptFailed(error: ProxyError, repeats: boolean): void {
    this.#runner.cancel();
    this.#requestPipe?.stop();
    this.#requestPipe = undefined;
    this.#headSent = false;
    error.retry = repeats;
    this.#describe(error);
    // A pooled connection that proves dead says nothing about its server.
    if (repeats && this.#reused && error.type === 'ConnectionClosed') this.#counted -= 1;
    this.#decide(this.#route.phases.errorWhileProxy, error);
  }

  #describe(error: ProxyError): void {
    error.reusedConnection = this.#reused;
    error.requestBytesSent = this.face.toUpstream - this.#upBefore;
  }

  /** A body that was kept can be sent again. */
  protected override get mayRepeat(): boolean {
    if (this.#kept?.body !== undefined) this.bodySent = false;
    return super.mayRepeat && isIdempotent(this.#up?.method ?? this.face.req.method);
  }

  protected override answer(error: ProxyError | HttpError): void {
    this.error = error;
    if (this.#failing || !(error instanceof ProxyError)) {
      this.#sendsHead(error.status, '');
      super.answer(error);
      return;
    }
    this.#failing = true;
    this.#runner.cancel();
    this.#runner.first(this.#route.phases.failToProxy, error, this.#answerError);
  }

  protected override cut(): void {
    if (this.#tunnel?.stop()) return; // It tells when it has ended.
    this.#reply.stop();
    super.cut();
  }

  protected override connected(): void {
    if (this.client === undefined || !this.#failing) super.connected();
    else if (this.connect.status === 'done') this.shared.discard(this.connect.socket);
  }

  protected override finish(): void {
    const face = this.face;
    const { head } = this.client as ServerConnection;
    const { port } = this.shared;
    const error = this.error instanceof ProxyError ? this.error : undefined;
    this.#runner.cancel();
    if (this.#delay !== undefined) port.cancel(this.#delay);
    this.#delay = undefined;
    this.#reply.stop();
    this.#requestPipe?.stop();
    this.#responsePipe?.stop();
    this.#kept?.fail(new Error('the exchange is over'));
    if (this.#tunnel !== undefined) this.#countTunnel(this.#tunnel);
    face.doneMs = port.loop.turnMs;
    face.toClient += this.bodyBytes;
    face.end(error);
    this.#generation.log(this.#route.phases.logging, face, error);
    if (this.shared.log !== undefined) this.#details = detailsOf(face, error);
    const left = face.leave(head);
    this.#up?.leave(left);
    this.#response?.leave(this.#responseSource as MessageHead, face.isKept);
    this.#forget();
    super.finish();
    this.#generation.ended();
  }

  protected override writeLog(log: AccessLog): void {
    const client = this.client as ServerConnection;
    log.request(client, this.status, this.bodyBytes, this.startedMs, this.#details);
    this.#details = undefined;
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
    this.#established = undefined;
    this.#tunnel = undefined;
  }

  #chooseRoute(): void {
    const { proxy } = this.#generation;
    const { face } = this;
    const route = proxy.isRouted ? proxy.routes.find(face.req) : undefined;
    this.#route = route ?? proxy.rest;
    if (!this.#addContexts(this.#route.contexts)) return;
    this.#runner.all(this.#route.earlyRequest, undefined, this.#filterRequest);
  }

  #filterRequest(): void {
    this.#runner.first(this.#route.phases.requestFilter, undefined, this.#filtered);
  }

  #filtered(answer: unknown): void {
    if (answer !== undefined) this.#reply.send(answer as Reply);
    else this.#whenKept(this.nextServer);
  }

  /** Goes on once a body that is to be kept is there, and has gone through its filters. */
  #whenKept(then: (this: PhasedSession) => void): void {
    const kept = this.#kept;
    if (kept === undefined || kept.isReady) {
      then.call(this);
      return;
    }
    const { requestBodyFilter } = this.#route.phases;
    const { loop } = this.shared.port;
    const whole = (face: SessionFace): Promise<void> => kept.ready(requestBodyFilter, face, loop);
    this.#runner.all([whole], undefined, then);
  }

  #choosePeer(answer: unknown): void {
    const choice = (answer ?? this.#route.target) as Peer | Upstream | string | undefined;
    if (choice === undefined) {
      const nowhere = this.#generation.proxy.isRouted ? 404 : undefined;
      this.answer(noUpstream(this.face.kind === 'connect' ? 405 : nowhere));
      return;
    }
    if (this.face.kind === 'connect' && !isTunnelPeer(choice)) {
      this.answer(noUpstream(405));
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
    const { seenRequest } = this.face;
    if (upstreamRequestFilter !== undefined) this.#up = this.face.req.copy();
    else this.#up = seenRequest;
    this.#runner.all(upstreamRequestFilter, this.#up, this.#headEdited);
  }

  #headEdited(): void {
    this.#whenKept(this.#sendUp);
  }

  #sendUp(): void {
    try {
      this.#sendRequest();
    } catch (error) {
      this.handlerFailed(error); // Such as a Host that a handler has set to nonsense.
    }
  }

  #sendRequest(): void {
    const { head } = this.client as ServerConnection;
    const { routed, prefix, phases } = this.#route;
    const kept = this.#kept?.body;
    const hasBody = head.framing !== 'none';
    let framing = '';
    if (kept !== undefined) framing = hasBody ? framingLine(kept.length) : '';
    else if (hasBody && phases.requestBodyFilter !== undefined) {
      framing = framingLine('chunked');
      const { loop } = this.shared.port;
      const filters = phases.requestBodyFilter;
      this.#requestPipe = new BodyPipe(filters, this.face, this.#requestSide, loop);
    } else if (head.framing === 'length') framing = framingLine(head.contentLength);
    else if (head.framing === 'chunked') framing = framingLine('chunked');
    if (this.face.upgrade !== undefined) framing += upgradeLines(this.face.upgrade);
    const client = this.shared.forwardedFor ? this.face.clientIp : '';
    let text: string;
    const isPlain = kept === undefined && this.#requestPipe === undefined;
    if (
      isPlain &&
      this.#uri === undefined &&
      this.face.kind === 'request' &&
      (this.#up?.isAsItCame(routed) ?? !routed)
    ) {
      text = requestHead(head, this.target.hostLine, client);
    } else {
      const up = this.#up ?? this.face.req;
      const host = up.host === undefined ? this.target.hostLine : `Host: ${up.host}\r\n`;
      const line = `${up.method} ${up.forwardedTarget(routed, prefix, this.#uri)}`;
      text = editedRequestHead(line, host, head, up.headers, framing, client);
    }
    this.face.toUpstream += text.length;
    this.#headSent = true;
    if (this.#up !== undefined) {
      (this.upstream as ClientConnection).bodiless = this.#up.method === 'HEAD';
    }
    this.sendHead(text, isPlain);
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
      this.face.toUpstream += end - this.#keptSent;
      this.#keptSent = end;
    }
  }

  /** What becomes of a request body that filters have seen. */
  readonly #requestSide = {
    filtered: (bytes: Uint8Array): boolean => {
      const outbox = this.upstream?.outbox;
      if (outbox === undefined || outbox.broken) return false;
      this.face.toUpstream += bytes.length;
      if (sendChunk(outbox, bytes, 0, bytes.length, true)) return outbox.level === 'open';
      this.fail('WriteTimeout', undefined);
      return false;
    },
    filteredAll: (): void => {
      this.requestEnded = true;
      if (this.upstream === undefined) return;
      this.upstream.requestOpen = false;
      this.upstream.outbox.appendText(LAST_CHUNK);
    },
    filterWaits: (waits: boolean): void => {
      if (waits) this.client?.pauseRequest();
      else this.client?.resumeRequest();
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
    const response = this.#response;
    if (head.status === 101) {
      const { status, reason, headers } = response as ReceivedResponse;
      const lines = upgradeLines(this.face.upgrade as string);
      this.#switch(101, status, editedResponseHead(101, reason, head, headers, false, lines));
      return;
    }
    const client = this.client as ServerConnection;
    const old = client.head.minorVersion === 0;
    const { responseBodyFilter: filters } = this.#route.phases;
    if (filters !== undefined) bodyChanges((response as ReceivedResponse).headers);
    const status = response?.status ?? head.status;
    const bodiless = isHead(client.head) || isBodiless(status);
    const comes = head.framing !== 'none';
    const filtered = comes && !bodiless && filters !== undefined;
    if (filtered) {
      const { loop } = this.shared.port;
      this.#responsePipe = new BodyPipe(filters, this.face, this.#responseSide, loop);
    }
    this.responseStarted = true;
    this.status = status;
    const chunked = comes && !bodiless && (head.framing === 'chunked' || filtered);
    this.reframes = chunked && !old;
    this.closesAfter =
      !client.persistent || (chunked && old) || (head.framing === 'close' && !chunked && !bodiless);
    let ours = this.reframes ? framingLine('chunked') : '';
    if (!comes && !bodiless) ours += framingLine(0); // A handler has given it another status.
    if (this.closesAfter) ours += 'Connection: close\r\n';
    else if (old) ours += 'Connection: keep-alive\r\n';
    const text = headText(response, head, filters === undefined && comes !== bodiless, ours);
    this.#sendsHead(status, text);
    client.send(text);
    const { upstream } = this;
    if (comes && bodiless) {
      this.#dropUpstream(); // The body that comes is nobody's.
      this.endResponse();
      return;
    }
    if (client.paused && upstream?.outbox.level === 'open') client.resumeRequest();
    if (!this.#headHeld) return;
    this.#headHeld = false;
    upstream?.releaseHead();
  }

  /** There is a connection for the tunnel that was asked for. */
  #establish(): void {
    this.#established = new ReplyHead({ status: 200 });
    this.#established.reason = 'Connection established';
    const { responseFilter } = this.#route.phases;
    this.#runner.all(responseFilter, this.#established, this.#answerConnect);
  }

  #answerConnect(): void {
    const { status, reason, headers } = this.#established as ReplyHead;
    this.#switch(200, status, `HTTP/1.1 200 ${reason}\r\n${headers.lines()}\r\n`);
  }

  /** Ends HTTP on both connections with this answer. Another status would not say so. */
  #switch(wanted: 101 | 200, status: number, text: string): void {
    if (status !== wanted) {
      this.handlerFailed(new RangeError(`${wanted} cannot become ${status}: reply instead`));
      return;
    }
    const client = this.client as ServerConnection;
    const { server, target } = this;
    target.group.succeeded(server);
    this.error = undefined; // Of an attempt before this one.
    this.responseStarted = true;
    this.status = status;
    this.#sendsHead(status, text);
    client.send(text);
    this.#tunnel = new Tunnel(target.client, client, this);
    this.#tunnel.begin(this.upstream as ClientConnection, () => {
      this.upstream = undefined;
    });
  }

  /** For `Tunnel`: both sockets are closed. */
  tunnelEnded(error: ProxyError | undefined): void {
    const shutdown = error !== undefined && this.#shared.isCut;
    this.error ??= shutdown ? new ProxyError('Internal', 'internal', new Error('shutdown')) : error;
    const client = this.client as ServerConnection;
    this.finish();
    client.socketClosed();
  }

  #countTunnel({ clientBytes, serverBytes }: Tunnel): void {
    const { face } = this;
    face.fromClient += clientBytes;
    face.toUpstream += clientBytes;
    face.fromUpstream += serverBytes;
    this.bodyBytes += serverBytes;
  }

  /** What becomes of a response body that filters have seen. */
  readonly #responseSide = {
    filtered: (bytes: Uint8Array): boolean => {
      const { outbox } = this.client as ServerConnection;
      this.bodyBytes += bytes.length;
      const send = this.reframes ? sendChunk : sendBytes;
      if (send(outbox, bytes, 0, bytes.length, true)) return outbox.level === 'open';
      this.fail('WriteTimeout', undefined);
      return false;
    },
    filteredAll: (): void => this.endResponse(),
    filterWaits: (waits: boolean): void => {
      if (waits) this.upstream?.pauseResponse();
      else this.upstream?.resumeResponse();
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
    const { tries, budgetMs } = this.target.group.config.retry;
    const delayMs = decision?.delayMs ?? 0;
    const { port } = this.shared;
    const spentMs = port.loop.nowMs() + delayMs - this.startedMs;
    if ((tries > 0 && this.#counted >= tries) || (budgetMs > 0 && spentMs >= budgetMs)) {
      this.answer(error);
      return;
    }
    // A handler may ask for another try at a group whose servers were all tried.
    if (decision?.retry === true) this.tries = 0;
    if (!(delayMs > 0)) {
      this.nextServer();
      return;
    }
    this.client?.watchRequest();
    this.#delay = timerOperation(({ status }) => {
      if (status === 'done') this.nextServer();
    });
    this.#delay.atMs = port.loop.nowMs() + delayMs;
    port.submit(this.#delay);
  }

  #answerError(answer: unknown): void {
    const { status } = this.error as ProxyError;
    this.#reply.send((answer as Reply | undefined) ?? { status, body: `${status}\n` });
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

function headText(
  response: ReceivedResponse | undefined,
  head: MessageHead,
  keepsLength: boolean,
  ours: string,
): string {
  if (keepsLength && response?.changed !== true) return responseHead(head, ours);
  const { status, ownReason, headers } = response ?? new ReceivedResponse(head);
  return editedResponseHead(status, ownReason, head, headers, keepsLength, ours);
}

function detailsOf(face: SessionFace, error: ProxyError | undefined): AccessDetails {
  const peer = face.tried[face.tried.length - 1];
  const upstream = peer && (peer.socketPath ?? `${peer.host}:${peer.port}`);
  return { clientIp: face.clientIp, upstream, error: error?.type };
}

function noUpstream(status: number | undefined): ProxyError {
  return new ProxyError('NoUpstream', 'internal', undefined, status);
}
