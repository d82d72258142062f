import type { Endpoint } from '../../../core/endpoint.ts';
import type { Fault } from '../../../core/fault.ts';
import type { SocketId } from '../../../core/operation.ts';
import { formatEndpoint } from '../../../net/address.ts';
import type { ServersWaiter } from '../../../proxy/session-shared.ts';
import type { RequestFacts } from '../../../proxy/upstream/index.ts';
import { NamedTarget, type NameWaiter } from '../../modules/proxy/named-target.ts';
import { STREAM_STATUS } from '../stream-server.ts';
import type { StreamSession, StreamWork, UpstreamState } from '../stream-session.ts';
import { connectFailure } from './failure-text.ts';
import type { StreamProxy } from './stream-proxy.ts';
import { type StreamTarget, targetOf } from './targets.ts';

/**
 * A session on its way to a server: one attempt after the other, until one has a connection.
 *
 *   begin → next ─pick─→ connect → connected
 *             ↑             └─fails─┐
 *             └──── another one ────┘
 */
export abstract class ProxyWork implements StreamWork, RequestFacts, ServersWaiter, NameWaiter {
  readonly session: StreamSession;
  readonly proxy: StreamProxy;
  protected target!: StreamTarget;
  hashKey = '';
  protected state: UpstreamState | undefined;
  readonly #tried: number[] = [];
  #tries = 0;
  #server = -1;
  #startedMs = 0;

  constructor(session: StreamSession, proxy: StreamProxy) {
    this.session = session;
    this.proxy = proxy;
    session.work = this;
  }

  abstract stop(): void;
  protected abstract connect(endpoint: Endpoint, local: Endpoint | undefined): void;

  /** Text, as logs want it. */
  get clientAddress(): string {
    return this.session.remote.address;
  }

  protected get nowMs(): number {
    return this.session.site.port.loop.nowMs();
  }

  begin(): void {
    const { session } = this;
    const target = this.proxy.target(session);
    session.upstreamName = '';
    if (typeof target === 'string') {
      session.log('error', `${target} while connecting to upstream`);
      this.end(STREAM_STATUS.internalError);
      return;
    }
    if (target instanceof NamedTarget) {
      this.target = targetOf(target.target.group.config.name, target.target);
      if (target.isKnown()) this.#first();
      else target.ask(this);
      return;
    }
    this.target = target;
    this.hashKey = target.hashKey?.(session) ?? '';
    this.#first();
  }

  /** What a variable has named was looked up. */
  nameKnown(problem: string | undefined): void {
    if (this.session.ended) return;
    if (problem === undefined) {
      this.#first();
      return;
    }
    this.session.log('error', problem);
    this.end(STREAM_STATUS.internalError);
  }

  #first(): void {
    this.#startedMs = this.nowMs;
    this.#next();
  }

  serversKnown(error: unknown): void {
    if (this.session.ended) return;
    if (error === undefined) this.#next();
    else {
      const why = error instanceof Error ? error.message : String(error);
      this.session.log('error', `${this.target.name} could not be resolved (${why})`);
      this.end(STREAM_STATUS.internalError);
    }
  }

  /** The session is over; the server has one use less. */
  protected end(status: number, reset = false): void {
    if (this.session.ended) return;
    const { state } = this;
    if (state !== undefined && state.sessionMs < 0) state.sessionMs = this.nowMs - state.startedMs;
    this.#sample(state);
    this.#leave();
    this.session.finish(status, reset);
  }

  protected tellConnected(what: string, socket: SocketId): void {
    const { session } = this;
    if (!session.takes('info')) return;
    const local = session.site.port.localEndpoint(socket);
    const from = local === undefined ? '' : formatEndpoint(local);
    session.logBare('info', `${what} ${from} connected to ${session.upstreamName}`);
  }

  protected succeeded(): void {
    const { state } = this;
    this.target.upstream.group.succeeded(this.#server);
    if (state !== undefined) state.connectMs = this.nowMs - state.startedMs;
  }

  /** Another server is tried, where this one is to blame, there is one and it may be. */
  protected connectFailed(status: string, fault: Fault | undefined): void {
    const { session } = this;
    const why = `${connectFailure(status, fault)} while connecting to upstream`;
    if (isOurs(status, fault)) {
      session.log('crit', why);
      this.end(STREAM_STATUS.internalError);
      return;
    }
    session.log('error', why);
    this.blame();
    const { proxyTriesNext, proxyNextUpstreamTimeout: timeoutMs } = this.proxy.conf;
    const isLate = timeoutMs > 0 && this.nowMs - this.#startedMs >= timeoutMs;
    if (!proxyTriesNext || isLate || this.#tries >= this.#triesMax()) {
      this.end(STREAM_STATUS.badGateway);
      return;
    }
    if (this.state !== undefined) this.state.sessionMs = this.nowMs - this.state.startedMs;
    this.#next();
  }

  /** The server has failed. */
  protected blame(): void {
    if (this.#server >= 0) this.target.upstream.group.failed(this.#server);
    this.#leave();
  }

  #triesMax(): number {
    const { triesMax } = this.target.upstream.group;
    const { proxyNextUpstreamTries: limit } = this.proxy.conf;
    return limit > 0 ? Math.min(limit, triesMax) : triesMax;
  }

  #next(): void {
    const { session } = this;
    const { upstream, name } = this.target;
    const { group } = upstream;
    upstream.keepFresh();
    const server = group.pick(this, this.#tried, this.#tries);
    if (server < 0 && upstream.waitForServers(this)) return;
    if (server < 0) {
      this.#enter(name);
      session.log('error', 'no live upstreams while connecting to upstream');
      this.end(STREAM_STATUS.badGateway);
      return;
    }
    group.acquire(server);
    this.#server = server;
    this.#tried[this.#tries] = server;
    this.#tries += 1;
    const { endpoint } = group.peer(server);
    this.#enter(formatEndpoint(endpoint));
    this.connect(endpoint, this.proxy.localOf(session));
  }

  #enter(address: string): void {
    const { session } = this;
    session.upstreamName = address;
    this.state = {
      address,
      startedMs: this.nowMs,
      connectMs: -1,
      firstByteMs: -1,
      sessionMs: -1,
      bytesSent: 0,
      bytesReceived: 0,
    };
    session.upstreams.push(this.state);
  }

  /** Groups that compare times learn those of sessions that came to something. */
  #sample(state: UpstreamState | undefined): void {
    if (this.#server < 0 || state === undefined || state.connectMs < 0) return;
    const { compared, upstream } = this.target;
    if (compared === undefined) return;
    const early = compared === 'connect' ? state.connectMs : state.firstByteMs;
    if (compared !== 'last-byte' && early < 0) return;
    upstream.group.sampled(this.#server, early, state.sessionMs);
  }

  #leave(): void {
    if (this.#server < 0) return;
    this.target.upstream.group.release(this.#server);
    this.#server = -1;
  }
}

/**
 * Descriptors are out, or the address to connect from is none of ours: no server can help that. What
 * the system does not connect to, a link-local address without its link, is that server's alone.
 */
function isOurs(status: string, fault: Fault | undefined): boolean {
  if (status === 'refused' || fault === undefined) return status === 'refused';
  return !OF_SERVERS.has(fault.class) && fault.native.call !== 'connect';
}

const OF_SERVERS: ReadonlySet<Fault['class']> = new Set(['peer', 'path']);
