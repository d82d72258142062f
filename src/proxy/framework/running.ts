import type { Endpoint } from '../../core/endpoint.ts';
import { timerOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import type { HttpError } from '../../http/http-error.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { AccessLogOptions, LogSink } from '../access-log.ts';
import type { NameResolver } from '../name-resolver.ts';
import type { Lookup, NameParts } from '../name-source.ts';
import { ReverseProxy } from '../reverse-proxy.ts';
import type { Session } from '../session.ts';
import { compile } from './compile.ts';
import type { Definition } from './define-proxy.ts';
import { Generation, LoggingPromises, type PhasedShared } from './generation.ts';
import { configOf, endpointOf, handlerMsOf, listenOptions } from './listen-options.ts';
import { PhasedSession } from './phased-session.ts';
import { requestError } from './request-error.ts';
import { upgradesOf } from './switching.ts';
import { Targets } from './targets.ts';
import { isThenable, onTurn, settledOnce } from './thenable.ts';

const DRAIN_MS = 30_000;
const UPGRADES = ['websocket'];

export type ListenTimeouts = {
  /** For the whole head of a request, in milliseconds, as all of these. */
  readonly headMs?: number;
  readonly bodyMs?: number;
  readonly sendMs?: number;
  readonly idleMs?: number;
  /** For the promise of a handler of a phase; 0 is for ever. */
  readonly handlerMs?: number;
};

export type ListenLimits = {
  readonly headBytes?: number;
  readonly headFields?: number;
  readonly bodyBytes?: number;
  readonly requestsPerConnection?: number;
};

export type ListenOptions = {
  /** 0 is any free one. */
  readonly port: number;
  /** A numeric address; default `0.0.0.0`. */
  readonly host?: string;
  readonly socketPath?: string;
  readonly timeouts?: ListenTimeouts;
  readonly limits?: ListenLimits;
  /** The port of the event core to run on; default: the best adapter for this platform. */
  readonly core?: ProactorPort;
  /**
   * Knows the names of servers, a `Resolver` of `sluice/dns`; it is not closed with the proxy.
   * Default: one of the proxy's own, which asks whom this system asks.
   */
  readonly resolver?: NameResolver;
  /** Looks up the names of servers in the resolver's place; services are the resolver's. */
  readonly lookup?: Lookup;
  /** A line for each exchange, written in batches. */
  readonly accessLog?: AccessLogOptions;
  /** Appends the client's address to X-Forwarded-For; default true. */
  readonly forwardedFor?: boolean;
  /** What becomes of request fields with `_` in their names; default `drop`. */
  readonly underscores?: 'drop' | 'keep' | 'refuse';
  /** Forwards 103 (Early Hints) to clients of HTTP/1.1; default false. */
  readonly earlyHints?: boolean;
  /**
   * Protocols that clients may switch to, by Upgrade; default `['websocket']`. A request for another
   * one is forwarded without it.
   */
  readonly upgrades?: readonly string[];
  /** Told of what handlers and the access log's `write` throw; default: it is printed. */
  readonly onError?: (error: unknown) => void;
};

/** What a proxy runs on where its user does not say. */
export type Platform = {
  readonly core: () => ProactorPort;
  readonly resolver: (core: ProactorPort) => NameResolver & AsyncDisposable;
  /** Milliseconds since 1970. */
  readonly wallMs?: () => number;
  /** Told of what handlers throw where `listen` was given nobody to tell. */
  readonly onError?: (error: unknown) => void;
};

let platform: Platform | undefined;

/** Sets what `listen` without `core` runs on: the published entry point does so. */
export function usePlatform(chosen: Platform): void {
  platform = chosen;
}

/** What nobody has given, and ends with the proxy. */
type OwnParts = {
  readonly core: ProactorPort | undefined;
  readonly resolver: AsyncDisposable | undefined;
};

/** A proxy that listens. */
export class Running {
  readonly address: { readonly host: string; readonly port: number };
  readonly #proxy: PhasedProxy;
  readonly #own: OwnParts | undefined;

  constructor(proxy: PhasedProxy, bound: Endpoint, own?: OwnParts) {
    this.#proxy = proxy;
    this.address = { host: bound.address, port: bound.port };
    this.#own = own;
  }

  /**
   * Swaps the definition. Exchanges in flight finish on the old one, the next request on the same
   * connection uses the new one. Rejects, and changes nothing, where `next` is wrong.
   */
  async replace(next: { readonly definition: Definition }): Promise<void> {
    this.#proxy.replace(next.definition);
  }

  /** Takes no more connections; what is in flight has `drainMs` (default 30,000) to end. */
  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    await this.#proxy.close(options);
    const { core, resolver } = this.#own ?? {};
    await resolver?.[Symbol.asyncDispose]();
    if (core !== undefined) await new Promise<void>((resolve) => core.close(resolve));
  }
}

/** Compiles a definition and listens. */
export async function listen(
  definition: Definition,
  given: number | ListenOptions,
): Promise<Running> {
  const options = listenOptions(given);
  const ownCore = options.core === undefined ? requiredPlatform().core() : undefined;
  const core = options.core ?? (ownCore as ProactorPort);
  const ownResolver = options.resolver === undefined ? platform?.resolver(core) : undefined;
  try {
    const { lookup, resolver = ownResolver } = options;
    const proxy = new PhasedProxy(core, definition, options, { lookup, resolver });
    const bound = await proxy.listen(endpointOf(options));
    return new Running(proxy, bound, { core: ownCore, resolver: ownResolver });
  } catch (error) {
    await ownResolver?.[Symbol.asyncDispose]();
    ownCore?.close();
    throw error;
  }
}

/** A reverse proxy whose sessions have phases. */
export class PhasedProxy extends ReverseProxy implements PhasedShared {
  generation: Generation;
  readonly upgrades: ReadonlySet<string>;
  isCut = false;
  readonly handlerThrew: (error: unknown) => void;
  readonly handlerMs: number;
  readonly #logging: LoggingPromises;

  constructor(
    core: ProactorPort,
    definition: Definition,
    options: ListenOptions,
    names: NameParts = {},
  ) {
    const { accessLog, onError = platform?.onError } = options;
    const tell = (error: unknown): void => {
      if (onError !== undefined) onTurn(core.loop, () => onError(error));
    };
    super(core, configOf(options), {
      ...names,
      ...(accessLog && { log: sinkOf(accessLog, tell) }),
    });
    this.handlerThrew = tell;
    this.handlerMs = handlerMsOf(options);
    this.upgrades = upgradesOf(options.upgrades ?? UPGRADES);
    this.#logging = new LoggingPromises((error) => this.handlerThrew(error));
    this.generation = this.#generationOf(definition);
  }

  replace(definition: Definition): void {
    const next = this.#generationOf(definition);
    const previous = this.generation;
    this.generation = next;
    previous.retire();
  }

  override async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    const { drainMs = DRAIN_MS } = options;
    const endMs = this.port.loop.nowMs() + drainMs;
    await super.close({ drainMs });
    this.generation.retire();
    await this.#logged(endMs);
  }

  /** Waits for `logging` handlers that are still busy, until `endMs` at most. */
  #logged(endMs: number): Promise<void> {
    return new Promise((resolve) => {
      const deadline = timerOperation(() => resolve());
      deadline.atMs = endMs;
      this.port.submit(deadline);
      this.#logging.whenDone(() => this.port.cancel(deadline));
    });
  }

  protected override cutAll(): void {
    this.isCut = true;
    super.cutAll();
  }

  override refused(connection: ServerConnection, error: HttpError): void {
    super.refused(connection, error);
    const { loop } = this.port;
    this.generation.logRefused(connection.address, requestError(error), loop.turnMs);
  }

  protected override newSession(): Session {
    return new PhasedSession(this);
  }

  #generationOf(definition: Definition): Generation {
    const compiled = compile(definition); // What throws must not have taken anything.
    const targets = new Targets(this.targetParts, this.generation?.targets);
    return new Generation(compiled, targets, this.#logging);
  }
}

/** A log that is written to as its owner means it, and whose failures end nothing. */
function sinkOf(options: AccessLogOptions, tell: (error: unknown) => void): LogSink {
  const { format, wallMs = platform?.wallMs } = options;
  if (wallMs === undefined) throw new TypeError('accessLog: `wallMs` says what time it is');
  const write = (lines: string): void => {
    try {
      const answer: unknown = options.write(lines);
      if (isThenable(answer)) settledOnce(answer).catch(tell);
    } catch (error) {
      tell(error);
    }
  };
  return { write, wallMs, ...(format !== undefined && { format }) };
}

function requiredPlatform(): Platform {
  if (platform === undefined) throw new Error("listen() needs `core`: import 'sluice/proxy'");
  return platform;
}
