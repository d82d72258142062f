import { NO_SOCKET, type SocketId } from '../../core/operation.ts';
import type { Level } from '../../core/outbox/water-marks.ts';
import type { ClientConnection } from '../../http/client-connection.ts';
import type { HttpError } from '../../http/http-error.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { AccessDetails, AccessLog } from '../access-log.ts';
import { ProxyError } from '../proxy-error.ts';
import { isIdempotent } from '../request-method.ts';
import { Session } from '../session.ts';
import type { CompiledRoute } from './compile.ts';
import { ForwardedRequest } from './forwarded-request.ts';
import type { Generation, PhasedShared } from './generation.ts';
import { type PhaseOwner, PhaseRunner } from './phase-runner.ts';
import { ReplySender } from './reply-sender.ts';
import { requestError } from './request-error.ts';
import { RequestSide } from './request-side.ts';
import { ResponseSide } from './response-side.ts';
import { Retries } from './retries.ts';
import type { SessionEngine, SessionFace } from './session-face.ts';
import { SessionReplies } from './session-replies.ts';
import { TunnelSwitch } from './tunnel-switch.ts';

/**
 * A session that handlers can look into: what they see is made for them, what they have changed is
 * what goes on, and all that a session has begun ends with it. When they run is not known here.
 */
export abstract class FilteredSession extends Session implements SessionEngine, PhaseOwner {
  declare readonly shared: PhasedShared;
  /** Of this exchange's handlers, whatever phase they are of. */
  protected readonly runner: PhaseRunner<FilteredSession>;
  /** The request's head, and what becomes of its body. */
  protected readonly request: ForwardedRequest;
  protected readonly up: RequestSide;
  /** The response. */
  protected readonly down: ResponseSide;
  protected readonly retries: Retries;
  protected readonly tunnel: TunnelSwitch;
  /** What answers instead of a server. */
  protected readonly reply: ReplySender;
  #face: SessionFace | undefined;
  /** The definition that the exchange began with, and what of it the request has come to. */
  protected generation: Generation;
  route: CompiledRoute;
  /** For the access log, which is written when the rest is gone. */
  #details: AccessDetails | undefined;

  constructor(shared: PhasedShared) {
    super(shared);
    const { loop } = shared.port;
    this.generation = shared.generation;
    this.route = shared.generation.proxy.rest;
    this.runner = new PhaseRunner<FilteredSession>(this, loop, shared.handlerMs);
    this.request = new ForwardedRequest(this);
    this.up = new RequestSide(this, loop);
    this.down = new ResponseSide(this, loop);
    this.retries = new Retries(this);
    this.tunnel = new TunnelSwitch(this);
    this.reply = new ReplySender(new SessionReplies(this), this.runner, loop);
  }

  get face(): SessionFace {
    return this.#face as SessionFace;
  }

  protected set face(face: SessionFace) {
    this.#face = face;
  }

  get isGathering(): boolean {
    return this.up.isGathering;
  }

  handlerWaits(): void {
    this.face.isKept = true;
    // A handler that waits for the body itself must get it.
    if (!this.up.isGathering) this.client?.watchRequest();
    this.down.hold();
  }

  handlerFailed(error: unknown): void {
    const own = error instanceof ProxyError; // Of a body that did not come, for example.
    if (!own) this.shared.handlerThrew(error);
    this.#giveUp(own ? error : new ProxyError('Internal', 'internal', error));
  }

  keepRequestBody(limitBytes: number): Promise<Uint8Array> {
    return this.up.keep(limitBytes);
  }

  abortExchange(cause: unknown): void {
    this.error = new ProxyError('Internal', 'internal', cause);
    this.dropUpstream();
    this.cut();
  }

  protected override attach(upstream: ClientConnection): void {
    this.upstream = upstream;
    if (this.face.kind === 'connect') return; // It is asked nothing.
    super.attach(upstream);
    upstream.requestOpen = true; // It is not late with an answer while handlers think.
    upstream.switches = this.face.kind === 'upgrade';
  }

  /** Sends the request's head, and lets its body come. */
  protected sendUp(): void {
    try {
      this.#sendRequest();
    } catch (error) {
      this.handlerFailed(error); // Such as a Host that a handler has set to nonsense.
    }
  }

  #sendRequest(): void {
    const up = this.up;
    const request = this.request;
    const { head } = this.client as ServerConnection;
    const framing = up.framing(head, this.route.phases.requestBodyFilter);
    const { isPlain } = up;
    const address = this.shared.forwardedFor ? this.face.clientIp : '';
    const text = request.text(this.attempts.target.hostLine, framing, isPlain, address);
    this.face.toUpstream += text.length;
    up.headSent = true;
    const method = request.ownMethod;
    if (method !== undefined) (this.upstream as ClientConnection).bodiless = method === 'HEAD';
    this.sendHead(text, isPlain);
    up.follow();
  }

  override requestBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.face.fromClient += to - from;
    if (this.up.take(data, from, to)) return;
    this.face.toUpstream += to - from;
    super.requestBody(data, from, to, owned);
  }

  override requestEnd(): void {
    if (!this.up.takeEnd()) super.requestEnd();
  }

  override requestLevel(level: Level): void {
    if (this.up.isPlain) super.requestLevel(level);
    else if (level === 'open') this.up.goOn();
  }

  override responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.face.fromUpstream += to - from;
    if (this.down.isFiltered) this.down.push(data, from, to);
    else super.responseBody(data, from, to, owned);
  }

  override responseEnd(): void {
    if (!this.down.isFiltered) {
      super.responseEnd();
      return;
    }
    this.giveBack();
    this.down.pushEnd();
  }

  override responseLevel(level: Level): void {
    if (this.reply.active) {
      if (level === 'open') this.reply.goOn();
    } else if (this.down.isFiltered) {
      if (level === 'open') this.down.goOn();
    } else super.responseLevel(level);
  }

  /** What filters are to see comes to us. */
  override moveTo(): SocketId {
    return this.down.isFiltered ? NO_SOCKET : super.moveTo();
  }

  override responseMoved(bytes: number): void {
    this.face.fromUpstream += bytes;
    super.responseMoved(bytes);
  }

  /** A body that was kept can be sent again. */
  protected override get mayRepeat(): boolean {
    if (this.up.whole !== undefined) this.bodySent = false;
    return super.mayRepeat;
  }

  protected override get isIdempotent(): boolean {
    return super.isIdempotent && isIdempotent(this.request.ownMethod ?? this.face.req.method);
  }

  override requestFailed(error: HttpError | undefined): void {
    const failure = this.shared.isCut
      ? new ProxyError('Internal', 'internal', new Error('shutdown'), 499)
      : requestError(error);
    this.up.broken(failure);
    this.error = failure;
    this.tunnel.stop();
    if (!this.tunnel.isOn) this.status = failure.status;
    this.dropUpstream();
    this.finish();
  }

  /** Ends the exchange because of something here. */
  #giveUp(error: ProxyError): void {
    this.error = error;
    this.runner.cancel();
    this.dropUpstream();
    if (this.responseStarted) this.cut();
    else this.answer(error);
  }

  dropUpstream(): void {
    this.upstream?.destroy();
    this.upstream = undefined;
    this.attempts.cancel();
  }

  override cut(): void {
    if (this.tunnel.stop()) return; // It tells when it has ended.
    this.reply.stop();
    super.cut();
  }

  override finish(): void {
    const face = this.face;
    const { head } = this.client as ServerConnection;
    const error = this.error instanceof ProxyError ? this.error : undefined;
    this.runner.cancel();
    this.retries.stop();
    this.reply.stop();
    this.up.end();
    this.down.stop();
    this.tunnel.count();
    face.doneMs = this.shared.port.loop.turnMs;
    face.toClient += this.bodyBytes;
    face.end(error);
    this.generation.log(this.route.phases.logging, face, error);
    if (this.shared.log !== undefined) this.#details = detailsOf(face, error);
    this.request.leave(face.leave(head));
    this.down.leave(face.isKept);
    this.tunnel.forget();
    this.#face = undefined;
    super.finish();
    this.generation.ended();
  }

  protected override writeLog(log: AccessLog): void {
    const client = this.client as ServerConnection;
    log.request(client, this.status, this.bodyBytes, this.startedMs, this.#details);
    this.#details = undefined;
  }
}

function detailsOf(face: SessionFace, error: ProxyError | undefined): AccessDetails {
  const peer = face.tried[face.tried.length - 1];
  const upstream = peer && (peer.socketPath ?? `${peer.host}:${peer.port}`);
  return { clientIp: face.clientIp, upstream, error: error?.type };
}
