import type { ClientConnection } from '../../http/client-connection.ts';
import { HttpError } from '../../http/http-error.ts';
import type { MessageHead } from '../../http/message-head.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { ProxyError } from '../proxy-error.ts';
import { RETRIED_STATUS_MIN } from '../retried-status.ts';
import type { CompiledRoute, Handlers } from './compile.ts';
import { FilteredSession } from './filtered-session.ts';
import type { Reply } from './messages.ts';
import { noUpstream, nowhereToGo } from './nowhere-to-go.ts';
import type { Peer, Upstream } from './peers.ts';
import type { RetryDecision } from './phases.ts';
import { decisionOf } from './retries.ts';
import { SessionFace } from './session-face.ts';
import { askedUpgrade, confirms, isTunnelPeer, kindOf } from './switching.ts';
import { contextOf } from './thenable.ts';

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
export class PhasedSession extends FilteredSession {
  /** The exchange is about to be answered with its error. */
  #failing = false;

  // The head of a request has come.

  protected override start(): void {
    const client = this.client as ServerConnection;
    const generation = this.shared.generation;
    generation.sessions += 1;
    this.generation = generation;
    this.route = generation.proxy.rest;
    this.attempts.target = this.shared.target;
    this.#failing = false;
    this.retries.begin();
    const upgrade = askedUpgrade(client.head, this.shared.upgrades);
    const kind = kindOf(client.head, upgrade);
    const face = new SessionFace(this, client.head, kind, client.address, this.startedMs);
    this.face = face;
    face.upgrade = upgrade;
    face.fromClient = client.head.bytes;
    // What follows a CONNECT that was refused may be meant for the tunnel: it is never read as HTTP.
    if (kind === 'connect') client.lastRequest = true;
    // A tunnel begins with a connection that nobody has spoken on.
    this.attempts.takesPooled = kind !== 'connect';
    if (!this.#addContexts(generation.proxy.contexts)) return;
    this.runner.all(generation.proxy.earlyRequest, undefined, this.#chooseRoute);
  }

  /** `false`: one of them could not be made, and that was the end. */
  #addContexts(contexts: CompiledRoute['contexts']): boolean {
    const { face } = this;
    if (contexts.length === 0) return true;
    try {
      const ctx = { ...face.ctx };
      face.ctx = ctx;
      for (const make of contexts) Object.assign(ctx, contextOf(make(face)));
      return true;
    } catch (error) {
      this.handlerFailed(error);
      return false;
    }
  }

  #chooseRoute(): void {
    const { proxy } = this.generation;
    const { face } = this;
    const route = proxy.isRouted ? proxy.routes.find(face.req) : undefined;
    this.route = route ?? proxy.rest;
    if (!this.#addContexts(this.route.contexts)) return;
    this.runner.all(this.route.earlyRequest, undefined, this.#filterRequest);
  }

  #filterRequest(): void {
    this.runner.first(this.route.phases.requestFilter, undefined, this.#filtered);
  }

  #filtered(answer: unknown): void {
    if (answer !== undefined) this.reply.send(answer as Reply);
    else this.#whenKept(this.nextServer);
  }

  /** Goes on once a body that is to be kept is there, and has gone through its filters. */
  #whenKept(then: () => void): void {
    const { requestBodyFilter } = this.route.phases;
    this.runner.all(this.up.readying(requestBodyFilter), undefined, then);
  }

  // An attempt is made: a server, a connection to it, and the request on its way.

  override nextServer(): void {
    if (this.retries.isSpent) this.noServer();
    else this.runner.first(this.route.phases.upstreamPeer, undefined, this.#choosePeer);
  }

  #choosePeer(answer: unknown): void {
    const choice = (answer ?? this.route.target) as Peer | Upstream | string | undefined;
    if (choice === undefined) {
      this.answer(nowhereToGo(this.face, this.route, this.generation.proxy));
      return;
    }
    if (this.face.kind === 'connect' && !isTunnelPeer(choice)) {
      this.answer(noUpstream(405));
      return;
    }
    const { attempts } = this;
    try {
      const { target, uri, hashOf } = this.generation.targets.resolve(choice);
      if (target !== attempts.target) attempts.tries = 0; // Numbers are within the group.
      attempts.target = target;
      this.request.uri = uri;
      attempts.hashKey = hashOf?.(this.face) ?? '';
    } catch (error) {
      this.handlerFailed(error);
      return;
    }
    attempts.next();
  }

  override attempting(): void {
    this.retries.attempting();
    this.face.begin(this.attempts.peer);
  }

  override connected(): void {
    if (this.client === undefined || !this.#failing) super.connected();
    else this.attempts.discard();
  }

  override ready(upstream: ClientConnection): void {
    this.attach(upstream);
    this.retries.ready(upstream);
    const { face } = this;
    const { port } = this.shared;
    face.connectedMs = port.loop.turnMs;
    const { connected } = this.route.phases;
    const connection = connected && {
      peer: this.attempts.peer,
      reused: upstream.exchanges > 1,
      localPort: port.localEndpoint(upstream.outbox.socket)?.port ?? 0,
    };
    const next = face.kind === 'connect' ? this.#establish : this.#prepareHead;
    this.runner.all(connected, connection, next);
  }

  #prepareHead(): void {
    const { upstreamRequestFilter } = this.route.phases;
    this.runner.all(upstreamRequestFilter, this.request.prepare(), this.#headEdited);
  }

  #headEdited(): void {
    this.#whenKept(this.sendUp);
  }

  // The response is on its way.

  override responseHead(head: MessageHead): void {
    if (head.status === 101 && !confirms(head, this.face.upgrade)) {
      throw new HttpError('BAD_STATUS_LINE', '101 to what was not asked for');
    }
    const { turnMs } = this.shared.port.loop;
    this.attempts.headMs = turnMs;
    this.error = undefined; // Of an attempt before this one.
    this.face.firstByteMs = turnMs;
    this.face.fromUpstream += head.bytes;
    this.status = head.status;
    this.down.begin(head);
    if (head.status >= RETRIED_STATUS_MIN && this.attempts.isListed(head.status))
      this.#askAboutStatus();
    else this.#showResponse();
  }

  /** It is a status that counts as a failure of the attempt, unless it is the last one. */
  #askAboutStatus(): void {
    const { down } = this;
    const error = new ProxyError('HttpStatus', 'upstream', undefined, this.status);
    this.retries.describe(error, this.mayRepeat && this.attempts.hasNext);
    this.error = error;
    down.inHead = true;
    this.runner.first(this.route.phases.errorWhileProxy, error, this.#statusDecided);
    down.inHead = false;
  }

  #statusDecided(answer: unknown): void {
    const error = this.error as ProxyError;
    const decision = this.#decisionOf(answer);
    if (decision === 'senseless') return;
    if (!this.#isPossible || !this.retries.allow(error, decision)) {
      this.error = undefined;
      this.#showResponse();
      return;
    }
    this.up.attemptFailed();
    this.dropAnswer(error);
    this.retries.repeat(decision);
  }

  /** The response is the one that the client gets. */
  #showResponse(): void {
    const { down } = this;
    const head = down.source;
    const { upstreamResponseFilter, responseFilter, responseBodyFilter } = this.route.phases;
    if (!(upstreamResponseFilter ?? responseFilter ?? responseBodyFilter) && head.status !== 101) {
      this.#sendDown(); // Nobody looks at it.
      return;
    }
    down.inHead = true;
    this.runner.first(upstreamResponseFilter, down.show(), this.#filterResponse);
    down.inHead = false;
  }

  #filterResponse(answer: unknown): void {
    if (answer !== undefined) {
      this.dropUpstream();
      this.reply.send(answer as Reply);
      return;
    }
    this.runner.all(this.route.phases.responseFilter, this.down.show(), this.#sendDown);
  }

  #sendDown(): void {
    const { source } = this.down;
    if (source.status === 101) this.tunnel.upgrade(source, this.down.show());
    else this.down.send();
  }

  /** There is a connection for the tunnel that was asked for. */
  #establish(): void {
    const { responseFilter } = this.route.phases;
    this.runner.all(responseFilter, this.tunnel.establish(), this.#answerConnect);
  }

  #answerConnect(): void {
    this.tunnel.confirm();
  }

  // An attempt has failed, or the exchange has.

  override connectFailed(error: ProxyError): void {
    error.retry = this.attempts.repeatsConnect(error);
    this.#decide(this.route.phases.failToConnect, error);
  }

  protected override attemptFailed(error: ProxyError, repeats: boolean): void {
    this.runner.cancel();
    this.up.attemptFailed();
    this.retries.describe(error, repeats);
    this.#decide(this.route.phases.errorWhileProxy, error);
  }

  /** Asks the handlers what becomes of a failed attempt. */
  #decide(handlers: Handlers, error: ProxyError): void {
    this.error = error;
    this.runner.first(handlers, error, this.#decided);
  }

  #decided(answer: unknown): void {
    const error = this.error as ProxyError;
    const decision = this.#decisionOf(answer);
    if (decision === 'senseless') return;
    if (this.#isPossible && this.retries.allow(error, decision)) this.retries.repeat(decision);
    else this.answer(error);
  }

  /** `senseless`: that was the end. */
  #decisionOf(answer: unknown): RetryDecision | 'senseless' {
    try {
      return decisionOf(answer);
    } catch (error) {
      this.handlerFailed(error);
      return 'senseless';
    }
  }

  /** Can the request be sent again, and has it no answer? */
  get #isPossible(): boolean {
    if (this.responseStarted || this.hinted) return false;
    return !this.bodySent || this.up.whole !== undefined;
  }

  override answer(error: ProxyError | HttpError): void {
    this.error = error;
    if (this.#failing || !(error instanceof ProxyError)) {
      this.face.sends(error.status, '');
      super.answer(error);
      return;
    }
    this.#failing = true;
    this.runner.cancel();
    this.runner.first(this.route.phases.failToProxy, error, this.#answerError);
  }

  #answerError(answer: unknown): void {
    const { status, allow } = this.error as ProxyError;
    const headers = allow === undefined ? {} : { Allow: allow };
    this.reply.send((answer as Reply | undefined) ?? { status, headers, body: `${status}\n` });
  }
}
