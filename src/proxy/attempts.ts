import type { Endpoint } from '../core/endpoint.ts';
import type { ConnectOperation } from '../core/operation.ts';
import { connectOperation } from '../core/operations.ts';
import { ClientConnection } from '../http/client-connection.ts';
import type { ClientFailure } from '../http/client-options.ts';
import type { ServerConnection } from '../http/server-connection.ts';
import type { Peer } from './framework/peers.ts';
import { connectError, ProxyError } from './proxy-error.ts';
import { blamesServer } from './retried-status.ts';
import type { ServersWaiter, SessionShared, Target } from './session-shared.ts';
import type { RequestFacts } from './upstream/index.ts';
import type { RetryCondition } from './upstream/upstream-config.ts';

const NO_ENDPOINT = { family: 'ipv4', address: '0.0.0.0', port: 0 } as const;

/** Whose request it is that servers are tried for. */
export interface AttemptsOwner {
  /** `undefined` while there is no request. */
  readonly client: ServerConnection | undefined;
  /** A server was chosen for another attempt. */
  attempting(): void;
  /** There is a connection for the current attempt. */
  ready(upstream: ClientConnection): void;
  /** The current attempt failed before there was a connection. */
  connectFailed(error: ProxyError): void;
  /** No other server is to be tried. */
  noServer(): void;
  /** Another attempt can be made: servers are known now. */
  nextServer(): void;
  answer(error: ProxyError): void;
  /** The operation for a new connection has ended. */
  connected(): void;
}

/**
 * The attempts of one request, each at a server of the group that it goes to, on a connection from
 * the pool or a new one. Used again for the next request.
 *
 *   next → pooled connection? ──yes──────────→ ready
 *            └─no→ connect ──ok─────────────────↑
 *                    └─fails→ connectFailed
 */
export class Attempts implements RequestFacts, ServersWaiter {
  readonly #owner: AttemptsOwner;
  readonly #shared: SessionShared;
  readonly #connect: ConnectOperation;
  /** Where the request goes: the proxy's own target, or what a phase has chosen. */
  target: Target;
  /** The server of the current attempt, by its index in the group; -1 between attempts. */
  server = -1;
  /** For groups that choose by a key. */
  hashKey = '';
  /** Who asks, where it is not who has connected; for groups that choose by the client. */
  address = '';
  /** For groups to whose servers requests are bound. */
  route = '';
  /** Where connections are to come from, before what the group says. */
  local: Endpoint | undefined;
  /** How long a connect may take; 0: as long as the group says. */
  connectMs = 0;
  /** A connection will do that has served an exchange before. */
  takesPooled = true;
  /** Attempts of this request that count for the group's limit. */
  tries = 0;
  /** When the request's head went to the server, and when the response's head came. */
  sentMs = 0;
  headMs = 0;
  /** Servers of these attempts, in order, as many as `tries`; the rest is of old ones. */
  readonly #tried: number[] = [];
  #waitsForServers = false;

  constructor(owner: AttemptsOwner, shared: SessionShared) {
    this.#owner = owner;
    this.#shared = shared;
    this.#connect = connectOperation(NO_ENDPOINT, () => owner.connected());
    this.target = shared.target;
  }

  /** Another request begins. */
  begin(): void {
    this.tries = 0;
    this.route = '';
    this.address = '';
    this.#waitsForServers = false;
  }

  /** Takes a connection to the next server of the group, or opens one. */
  next(): void {
    const { group, pool } = this.target;
    const owner = this.#owner;
    if (this.tries > 0 && this.tries >= group.triesMax) {
      owner.noServer();
      return;
    }
    const server = group.pick(this, this.#tried, this.tries);
    if (server < 0) {
      this.#wait();
      return;
    }
    this.server = server;
    group.acquire(server);
    this.#tried[this.tries] = server;
    this.tries += 1;
    owner.attempting();
    const { poolKey, endpoint } = group.peer(server);
    const pooled = this.takesPooled ? pool.take(poolKey) : undefined;
    if (pooled !== undefined) {
      owner.ready(pooled);
      return;
    }
    (owner.client as ServerConnection).watchRequest();
    this.#connect.endpoint = endpoint;
    this.#connect.local = this.local ?? localOf(group.config.destination.localAddress);
    // The answer to a look-up comes outside of a turn, whose time may be long ago.
    const withinMs = this.connectMs || group.config.timeouts.connectMs;
    this.#connect.deadlineMs = this.#shared.port.loop.nowMs() + withinMs;
    this.#shared.port.submit(this.#connect);
  }

  /** Are requests to this group repeated for an answer with this status, or for this reason? */
  isListed(condition: RetryCondition | number): boolean {
    return this.target.group.retriedOn.has(condition as RetryCondition);
  }

  /** Are they repeated where there was no connection? */
  repeatsConnect({ type }: ProxyError): boolean {
    return this.isListed(type === 'ConnectTimeout' ? 'timeout' : 'error');
  }

  /** Are they repeated where the answer did not come? */
  repeats({ kind }: ClientFailure, { responseBytes }: ClientConnection): boolean {
    if (kind === 'protocol') return this.isListed('invalid-header');
    // Once bytes of an answer were there, the server has acted.
    return responseBytes === 0 && this.isListed(kind === 'closed' ? 'error' : 'timeout');
  }

  /** May another server of the group be tried, and is there one? */
  get hasNext(): boolean {
    const { group } = this.target;
    return this.tries < group.triesMax && group.hasOther(this.#tried, this.tries);
  }

  /** For groups that choose by the client. */
  get clientAddress(): string {
    const { method } = this.target.group.config.balance;
    if (method !== 'ip-hash') return '';
    return this.address !== '' ? this.address : (this.#owner.client as ServerConnection).address;
  }

  /** The server of the current attempt, as handlers see it. */
  get peer(): Peer {
    return this.target.peerOf(this.server);
  }

  /** There is no server to be chosen; there may be, once names were looked up. */
  #wait(): void {
    const owner = this.#owner;
    (owner.client as ServerConnection).watchRequest();
    this.#waitsForServers = true;
    if (this.target.waitForServers(this)) return;
    this.#waitsForServers = false;
    owner.noServer();
  }

  /** The servers' names were looked up; `error` says why there are still none. */
  serversKnown(error: unknown): void {
    // A client that waited may have left, and another one be served by now.
    if (this.#owner.client === undefined || !this.#waitsForServers) return;
    this.#waitsForServers = false;
    if (error === undefined) this.#owner.nextServer();
    else this.#owner.answer(new ProxyError('DnsFailure', 'upstream', error));
  }

  /** Is a connect on its way? */
  get isConnecting(): boolean {
    return this.#connect.status === 'pending';
  }

  /** Goes on with what the connect has come to. */
  connected(): void {
    const { status, socket, fault } = this.#connect;
    if (status === 'done') {
      const { client, pool } = this.target;
      this.#owner.ready(new ClientConnection(client, pool, socket));
      return;
    }
    this.failed();
    this.#owner.connectFailed(connectError(status, fault));
  }

  /** Closes a connection that came too late. */
  discard(): void {
    if (this.#connect.status === 'done') this.#shared.discard(this.#connect.socket);
  }

  /** Ends a connect that is on its way; its end is still told. */
  cancel(): void {
    this.#shared.port.cancel(this.#connect);
  }

  /** The server has answered to the end. `isClean`: `upstream` may serve another exchange. */
  succeeded(upstream: ClientConnection, isClean: boolean): void {
    const { group, pool } = this.target;
    const { server } = this;
    const nowMs = this.#shared.port.loop.turnMs;
    group.succeeded(server);
    group.sampled(server, this.headMs - this.sentMs, nowMs - this.sentMs);
    if (isClean) pool.give(group.peer(server).poolKey, upstream);
    else upstream.destroy();
    this.leave();
  }

  /** The connection has failed. `true`: it was an old one, which says nothing about its server. */
  broke(upstream: ClientConnection, { kind }: ClientFailure): boolean {
    const stale = upstream.exchanges > 1 && kind === 'closed' && upstream.responseBytes === 0;
    if (stale) this.leave();
    else this.failed();
    return stale;
  }

  /** The server has answered with a status that sends the request to another one. */
  passedBy(upstream: ClientConnection, status: number): void {
    // As nginx does: what is left of the body may be long, and nobody's.
    upstream.destroy();
    if (blamesServer(status)) this.failed();
    else this.leave();
  }

  /** The attempt is over, and its server is to blame. */
  failed(): void {
    this.target.group.failed(this.server);
    this.leave();
  }

  /** The attempt is over: its server has one use less. */
  leave(): void {
    if (this.server < 0) return;
    this.target.group.release(this.server);
    this.server = -1;
  }
}

/** Where a connection is to come from: any port of that address. */
function localOf(address: string | undefined): Endpoint | undefined {
  if (address === undefined) return undefined;
  return { family: address.includes(':') ? 'ipv6' : 'ipv4', address, port: 0 };
}
