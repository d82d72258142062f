import { BufferPool } from '../../core/buffer-pool.ts';
import type { Endpoint } from '../../core/endpoint.ts';
import type { SocketId, TimerOperation } from '../../core/operation.ts';
import { timerOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import { SourceAddresses } from '../../dns/system/source-addresses.ts';
import { HEAD_LIMITS } from '../../http/head-limits.ts';
import { ParserPool } from '../../http/parser-pool.ts';
import type { TargetParts } from '../../proxy/upstream-target.ts';
import type { StreamConf, StreamListenConf, StreamServerConf } from '../conf/stream-conf.ts';
import type { Template } from '../conf/template.ts';
import { Acceptor } from '../engine/acceptor.ts';
import type { Environment, ErrorLog } from '../engine/environment.ts';
import { HttpClock } from '../engine/http-date.ts';
import { Resolvers } from '../engine/resolvers.ts';
import { compileTemplate, type Evaluate } from '../engine/templates.ts';
import { Variables } from '../engine/variables.ts';
import { Zones } from '../shared/zones.ts';
import { SessionList } from './session-list.ts';
import { StreamListener } from './stream-listener.ts';
import type { StreamModule } from './stream-module.ts';
import { StreamServer } from './stream-server.ts';
import type { StreamSession } from './stream-session.ts';
import { TcpSession } from './tcp-session.ts';
import { UdpService } from './udp-service.ts';

/** How long servers may still answer datagrams when the site ends. */
export const DATAGRAM_GRACE_MS: number = 1_000;

/** A listener of any kind that takes connections: `pass` finds it by its address. */
export type Neighbour = {
  readonly endpoint: Endpoint;
  /** Those of datagrams have none. */
  readonly take: ((socket: SocketId, passes?: number) => void) | undefined;
};

/** `stream { … }` at work: listeners and servers, made of one configuration. */
export class StreamSite {
  readonly conf: StreamConf;
  readonly environment: Environment;
  readonly port: ProactorPort;
  readonly clock: HttpClock;
  readonly variables: Variables<StreamSession> = new Variables<StreamSession>();
  readonly buffers: BufferPool = new BufferPool();
  readonly modules: readonly StreamModule[];
  readonly listeners: readonly StreamListener[];
  readonly zones: Zones;
  readonly resolvers: Resolvers;
  /** What groups of servers share. */
  readonly targetParts: TargetParts;
  readonly sessions: SessionList = new SessionList();
  /** What modules keep for the site, by module. */
  readonly parts: Map<symbol, unknown> = new Map<symbol, unknown>();
  /** Listeners of others, which connections may be passed to. */
  neighbours: readonly Neighbour[] = [];
  /** Run when the last session has ended and none will come. */
  readonly atEnd: (() => void)[] = [];
  readonly #templates = new Map<Template, Evaluate<StreamSession>>();
  readonly #errorLogs = new Map<StreamServer, ErrorLog>();
  readonly #acceptors: Acceptor[] = [];
  readonly #services: UdpService[] = [];
  readonly #deadline = timerOperation(({ status }) => {
    if (status === 'done') this.cut();
  });
  readonly #grace = timerOperation(({ status }) => {
    if (status === 'done') this.#cutDatagrams();
  });
  #ending: Promise<void> | undefined;
  #end: (() => void) | undefined;
  #opened = 0;

  /** Throws what is wrong with the configuration. */
  constructor(conf: StreamConf, environment: Environment, modules: readonly StreamModule[]) {
    this.conf = conf;
    this.zones = environment.zones ?? new Zones();
    this.resolvers = new Resolvers(environment);
    this.targetParts = targetPartsOf(environment, this.buffers);
    this.atEnd.push(() => this.resolvers.close());
    this.environment = environment;
    this.port = environment.port;
    this.clock = new HttpClock(() => environment.wallMs());
    this.modules = modules;
    for (const { variables, families } of modules) {
      this.variables.add(variables ?? {});
      this.variables.addFamilies(families ?? {});
    }
    for (const name of conf.captureNames) this.variables.defineCapture(name);
    for (const module of modules) module.site?.(this);
    this.listeners = this.#makeListeners(conf.servers);
    this.variables.settle();
  }

  /** A template as it is used: compiled once. */
  template(template: Template): Evaluate<StreamSession> {
    let evaluate = this.#templates.get(template);
    if (evaluate === undefined) {
      evaluate = compileTemplate(template, this.variables);
      this.#templates.set(template, evaluate);
    }
    return evaluate;
  }

  /** Numbers of sessions begin at 1. */
  nextNumber(): number {
    this.#opened += 1;
    return this.#opened;
  }

  /** Takes clients of a socket that listens, or is bound; it stays the caller's. */
  serve(listener: StreamListener, socket: SocketId): void {
    if (listener.conf.udp) {
      this.#services.push(new UdpService(listener, socket));
      return;
    }
    const take = (accepted: SocketId, passes = 0): void => {
      new TcpSession(listener, accepted, passes).begin();
    };
    listener.take = take;
    this.#acceptors.push(new Acceptor(this.port, socket, (accepted) => take(accepted)));
  }

  /** Clients that come now are another site's; those there are stay. */
  stopAccepting(): void {
    for (const acceptor of this.#acceptors.splice(0)) acceptor.stop();
    for (const service of this.#services.splice(0)) service.stop();
  }

  /** Takes no more clients, and ends when those there are have ended, at the latest after `drainMs`. */
  close(drainMs: number): Promise<void> {
    this.stopAccepting();
    this.#ending ??= new Promise((resolve) => {
      this.#end = () => {
        this.port.cancel(this.#deadline);
        this.port.cancel(this.#grace);
        for (const end of this.atEnd) end();
        resolve();
      };
    });
    if (drainMs <= 0) this.cut();
    else {
      if (Number.isFinite(drainMs)) submitIn(this.port, this.#deadline, drainMs);
      submitIn(this.port, this.#grace, DATAGRAM_GRACE_MS);
    }
    this.#settle();
    return this.#ending;
  }

  /** Ends all sessions now. */
  cut(): void {
    for (const session of this.sessions.all()) session.cut();
  }

  /** Datagrams have no end of their own. */
  #cutDatagrams(): void {
    for (const session of this.sessions.all())
      if (session.isUdp) session.cut('disconnected on shutdown');
  }

  sessionClosed(session: StreamSession): void {
    this.sessions.remove(session);
    this.#settle();
  }

  errorLog(server: StreamServer): ErrorLog {
    let log = this.#errorLogs.get(server);
    if (log === undefined) {
      log = this.environment.errorLog(server.conf.errorLogs);
      this.#errorLogs.set(server, log);
    }
    return log;
  }

  #settle(): void {
    if (this.sessions.size > 0) return;
    this.#end?.();
    this.#end = undefined;
  }

  #makeListeners(confs: readonly StreamServerConf[]): readonly StreamListener[] {
    const byAddress = new Map<string, { listen: StreamListenConf; server: StreamServer }>();
    for (const conf of confs) {
      const server = new StreamServer(conf);
      for (const module of this.modules) module.server?.(server, this);
      for (const listen of conf.streamListens) {
        const key = `${listen.udp ? 'udp ' : ''}${listen.text}`;
        // The first one is the default, unless another one says that it is.
        if (listen.defaultServer || !byAddress.has(key)) byAddress.set(key, { listen, server });
      }
    }
    return [...byAddress.values()].map(
      ({ listen, server }) => new StreamListener(this, listen, server),
    );
  }
}

/** No HTTP is read here: what targets need for that stays idle. */
function targetPartsOf({ port, random }: Environment, buffers: BufferPool): TargetParts {
  const parsers = new ParserPool('response', HEAD_LIMITS);
  const sources = new SourceAddresses(port);
  return { port, random, buffers, bulk: undefined, parsers, sources };
}

function submitIn(port: ProactorPort, timer: TimerOperation, ms: number): void {
  if (timer.status === 'pending') return;
  timer.atMs = port.loop.nowMs() + ms;
  port.submit(timer);
}
