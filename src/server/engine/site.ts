import { BufferPool } from '../../core/buffer-pool.ts';
import type { SocketId } from '../../core/operation.ts';
import { closeOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import { SourceAddresses } from '../../dns/system/source-addresses.ts';
import { BULK_BYTES, BULK_IDLE_MAX } from '../../http/bulk-receive.ts';
import { HEAD_RULES, type HeadRules } from '../../http/head-limits.ts';
import { ParserPool } from '../../http/parser-pool.ts';
import { ServerConnection } from '../../http/server-connection.ts';
import { ConnectionList } from '../../proxy/connection-list.ts';
import { Draining } from '../../proxy/draining.ts';
import type { Session } from '../../proxy/session.ts';
import type { SessionShared } from '../../proxy/session-shared.ts';
import { upstreamConfig } from '../../proxy/upstream/index.ts';
import { type TargetParts, UpstreamTarget } from '../../proxy/upstream-target.ts';
import type { LocationConf } from '../conf/location-conf.ts';
import type { SiteConf } from '../conf/site-conf.ts';
import type { Template } from '../conf/template.ts';
import { Zones } from '../shared/zones.ts';
import { Acceptor } from './acceptor.ts';
import type { Environment } from './environment.ts';
import { HttpClock } from './http-date.ts';
import type { HttpListener } from './listener.ts';
import { makeListeners } from './listeners.ts';
import { Location } from './location.ts';
import type { HttpModule } from './module.ts';
import { ProxiedConnections } from './proxied-connections.ts';
import { Request } from './request.ts';
import { Resolvers } from './resolvers.ts';
import type { SiteCounters } from './site-counters.ts';
import { SiteLogs } from './site-logs.ts';
import { compileTemplate, type Evaluate } from './templates.ts';
import type { Unattended } from './unattended.ts';
import { upstreamHeadLimits } from './upstream-head-limits.ts';
import { Variables } from './variables.ts';
import type { Handler } from './verdict.ts';

const REQUESTS_IDLE_MAX = 1024;

/** `http { … }` at work: listeners, servers and locations, made of one configuration. */
export class Site implements SessionShared {
  readonly conf: SiteConf;
  readonly environment: Environment;
  readonly port: ProactorPort;
  readonly clock: HttpClock;
  readonly logs: SiteLogs;
  readonly variables: Variables = new Variables();
  readonly zones: Zones;
  readonly modules: readonly HttpModule[];
  readonly listeners: readonly HttpListener[];
  readonly postRead: readonly Handler[];
  /** What connections to upstreams share. */
  readonly targetParts: TargetParts;
  /** What modules keep for the site, by module. */
  readonly parts: Map<symbol, unknown> = new Map<symbol, unknown>();
  readonly resolvers: Resolvers;
  /** Run when the last connection has ended and none will come. */
  /** What is under way for requests that are over; each takes itself out. */
  readonly unattended: Set<Unattended> = new Set();
  readonly atEnd: (() => void)[] = [];
  readonly connections: ConnectionList = new ConnectionList();
  // Of `SessionShared`: a request goes where its location says.
  readonly target: UpstreamTarget;
  readonly forwardedFor = false;
  readonly earlyHints = false;
  readonly log: undefined = undefined;
  readonly #idle: Request[] = [];
  readonly #templates = new Map<Template, Evaluate>();
  readonly #acceptors: Acceptor[] = [];
  readonly #heads: ProxiedConnections[] = [];
  #draining: Draining | undefined;
  readonly #connectionsMax: number;
  #isFull = false;
  /** Connections that were accepted. */
  accepted = 0;
  /** Requests that have come, those that were none included. */
  requests = 0;
  counters: SiteCounters | undefined;

  /** Throws what is wrong with the configuration. */
  constructor(conf: SiteConf, environment: Environment, modules: readonly HttpModule[]) {
    const { port, random } = environment;
    this.conf = conf;
    this.environment = environment;
    this.port = port;
    this.modules = modules;
    this.resolvers = new Resolvers(environment);
    this.zones = environment.zones ?? new Zones();
    this.#connectionsMax = environment.connectionsMax ?? Number.POSITIVE_INFINITY;
    this.logs = new SiteLogs(environment, conf.debugConnections);
    this.clock = new HttpClock(() => environment.wallMs());
    const buffers = new BufferPool();
    const direct = port.capabilities.receive === 'direct';
    const bulk = direct ? new BufferPool(BULK_BYTES, BULK_IDLE_MAX) : undefined;
    const parsers = new ParserPool('response', upstreamHeadLimits(conf), UPSTREAM_RULES);
    this.targetParts = { port, random, buffers, bulk, parsers, sources: new SourceAddresses(port) };
    this.target = new UpstreamTarget(
      this.targetParts,
      upstreamConfig('none', { servers: ['127.0.0.1:9'] }),
      'none',
    );
    for (const { variables, families } of modules) {
      this.variables.add(variables ?? {});
      this.variables.addFamilies(families ?? {});
    }
    for (const name of conf.captureNames) this.variables.defineCapture(name);
    for (const module of modules) module.site?.(this);
    // What is wrong with a format is said even if no log has it.
    for (const { template } of conf.logFormats) this.template(template);
    this.postRead = modules.flatMap((module) => module.postRead?.(this) ?? []);
    this.listeners = makeListeners(this, buffers);
    this.variables.settle();
    for (const module of modules) module.settled?.(this);
  }

  /** A template as it is used: compiled once. */
  template(template: Template): Evaluate {
    let evaluate = this.#templates.get(template);
    if (evaluate === undefined) {
      evaluate = compileTemplate(template, this.variables);
      this.#templates.set(template, evaluate);
    }
    return evaluate;
  }

  /** Relative paths begin at the prefix. */
  fullPath(path: string): string {
    return path.startsWith('/') ? path : `${this.conf.prefix}${path}`;
  }

  /** A location as it runs, with what its modules have to do in it. */
  makeLocation(conf: LocationConf): Location {
    const location = new Location(conf, (nested) => this.makeLocation(nested));
    // Logs are there from the start, even if empty.
    location.takesDebug = this.logs.of(conf).takes('debug');
    for (const module of this.modules) module.location?.(location, this);
    const { limitExcept } = conf;
    if (limitExcept !== undefined) {
      const methods = new Set(limitExcept.methods);
      location.limited = { methods, location: this.makeLocation(limitExcept.location) };
    }
    return location;
  }

  /** Makes connections of sockets that come to one address. */
  #opener(listener: HttpListener): (accepted: SocketId) => ServerConnection {
    return (accepted) => {
      const connection = new ServerConnection(listener.shared, accepted);
      this.accepted += 1;
      connection.number = this.accepted;
      this.connections.add(connection);
      this.counters?.opened();
      if (this.connections.size === this.#connectionsMax) this.#full();
      this.#draining?.joined(connection);
      return connection;
    };
  }

  /** Accepts connections of a listening socket, which stays the caller's. */
  serve(listener: HttpListener, socket: SocketId): void {
    const open = this.#opener(listener);
    for (const inner of listener.inner) inner.take = this.#opener(inner);
    listener.take = open;
    if (!listener.conf.proxyProtocol) {
      this.#acceptors.push(new Acceptor(this.port, socket, open));
      return;
    }
    const heads = new ProxiedConnections(listener, (accepted, head, ahead) => {
      const connection = open(accepted);
      connection.preface = head;
      connection.feed(ahead);
    });
    this.#heads.push(heads);
    listener.take = (accepted) => heads.add(accepted);
    this.#acceptors.push(new Acceptor(this.port, socket, (accepted) => heads.add(accepted)));
  }

  /** There are as many connections as there may be. */
  #full(): void {
    const { connectionsMax, errorLog } = this.environment;
    this.#isFull = true;
    for (const acceptor of this.#acceptors) acceptor.pause();
    errorLog([]).write('alert', `${connectionsMax} worker_connections are not enough`);
  }

  #roomAgain(): void {
    this.#isFull = false;
    for (const acceptor of this.#acceptors) acceptor.resume();
  }

  /** Connections that come now are another site's; those there are stay. */
  stopAccepting(): void {
    for (const acceptor of this.#acceptors.splice(0)) acceptor.stop();
  }

  /** Takes no more connections, and ends those there are when their requests are answered. */
  close(drainMs: number): Promise<void> {
    this.stopAccepting();
    this.#draining ??= new Draining(
      this.port,
      this.connections,
      () => this.cut(),
      () => this.#end(),
    );
    if (Number.isFinite(drainMs)) this.#draining.within(drainMs);
    const heads = this.#heads.splice(0).map((one) => one.stop());
    return heads.length === 0
      ? this.#draining.ended
      : Promise.all([this.#draining.ended, ...heads]).then(() => {});
  }

  #end(): void {
    for (const work of this.unattended) work.stop();
    this.target.close();
    for (const end of this.atEnd) end();
    this.resolvers.close();
  }

  cut(): void {
    for (const connection of this.connections.all()) connection.destroy();
  }

  connectionClosed(connection: ServerConnection): void {
    this.connections.remove(connection);
    this.counters?.closed();
    if (this.#isFull) this.#roomAgain();
    this.#draining?.settle();
  }

  countRequest(): void {
    this.requests += 1;
    this.counters?.asked();
  }

  take(): Request {
    return this.#idle.pop() ?? new Request(this);
  }

  release(session: Session): void {
    // What a subrequest was is looked at once more: whoever started it gives it back.
    if (!(session as Request).isSubrequest) this.recycle(session as Request);
  }

  /** Takes back a request that has ended, unless a connect of its is still on its way. */
  recycle(request: Request): void {
    const isFree = !request.attempts.isConnecting;
    if (isFree && this.#idle.length < REQUESTS_IDLE_MAX) this.#idle.push(request);
  }

  discard(socket: SocketId): void {
    const close = closeOperation(socket, () => {});
    close.how = 'reset';
    this.port.submit(close);
  }

  /** Those that have a socket of their own. */
  get bound(): readonly HttpListener[] {
    return this.listeners.filter(({ within }) => within === undefined);
  }
}

/** Servers that end lines with LF alone are understood: nginx does. */
const UPSTREAM_RULES: HeadRules = { ...HEAD_RULES, bareLf: true };
