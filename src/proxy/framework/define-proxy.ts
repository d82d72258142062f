import { checkMatch } from './check-match.ts';
import type { Match } from './match.ts';
import type { NoContext, Phases, Plugin } from './phases.ts';
import { PHASE_NAMES } from './phases.ts';
import { type ListenOptions, listen, type Running } from './running.ts';
import type { SessionBase } from './session-base.ts';

/** Contexts are made by the plugins that a session meets; what one needs, another has added. */
type AnyPhases = Phases<never>;
type MakeContext = (session: SessionBase) => object;

/** What one builder collected: plugins, own phases and routes, in the order of the calls. */
export type Definition = {
  readonly contexts: readonly MakeContext[];
  /** Of the plugins, in `use` order, and then of `phases()`. */
  readonly layers: readonly AnyPhases[];
  readonly routes: readonly RouteDefinition[];
};

export type RouteDefinition = {
  readonly match: Match;
  readonly to: Definition | AnyPhases | string;
};

/** A proxy as it is being put together: data, which `listen` compiles. Every call gives a new one. */
export class ProxyBuilder<C extends object> {
  readonly definition: Definition;

  constructor(definition: Definition) {
    this.definition = definition;
  }

  /** Adds a plugin, and its context to what all that follows may read. */
  use<N extends object, A extends object>(
    plugin: C extends N ? Plugin<N, A> : { missingContext: Exclude<keyof N, keyof C> },
  ): ProxyBuilder<C & A> {
    const { name, context, phases } = (plugin ?? {}) as Plugin<N, A>;
    check(phases, `plugin '${name}'`);
    const { definition } = this;
    const contexts = context === undefined ? [] : [context.bind(plugin)];
    return new ProxyBuilder({
      ...definition,
      contexts: [...definition.contexts, ...contexts],
      layers: [...definition.layers, phases as AnyPhases],
    });
  }

  phases(phases: Phases<C>): ProxyBuilder<C> {
    check(phases, 'phases()');
    const { definition } = this;
    return new ProxyBuilder({ ...definition, layers: [...definition.layers, phases as AnyPhases] });
  }

  /**
   * Sends what matches elsewhere. A string to match is a prefix of the path; a string to send to
   * is the URL of an upstream, with nginx's replacement of the prefix where it has a path.
   */
  // biome-ignore lint/suspicious/noExplicitAny: a nested proxy's context is its own affair.
  route(match: string | Match, to: ProxyBuilder<any> | Phases<C> | string): ProxyBuilder<C> {
    const { definition } = this;
    const where = typeof match === 'string' ? { path: match } : match;
    checkMatch(where);
    if (!(to instanceof ProxyBuilder) && typeof to !== 'string') checkTarget(to);
    const target = to instanceof ProxyBuilder ? to.definition : (to as AnyPhases | string);
    const route = { match: where, to: target };
    return new ProxyBuilder({ ...definition, routes: [...definition.routes, route] });
  }

  /** Compiles it and listens; a number is a port. Rejects with `IoError`. */
  listen(options: number | ListenOptions): Promise<Running> {
    return listen(this.definition, options);
  }
}

/** Begins a proxy; its phases run before those of routes, and after those of plugins used later. */
export function defineProxy<C extends object = NoContext>(
  options: { context?(session: SessionBase): C } & Phases<C> = {} as Phases<C>,
): ProxyBuilder<C> {
  const { context, ...phases } = options;
  check(phases, 'defineProxy()');
  const contexts = context === undefined ? [] : [context.bind(options)];
  return new ProxyBuilder({ contexts, layers: [phases as AnyPhases], routes: [] });
}

function check(phases: object, where: string): void {
  if (typeof phases !== 'object' || phases === null) {
    throw new TypeError(`${where}: ${String(phases)} is no object of phases`);
  }
  for (const [name, handler] of Object.entries(phases)) {
    if (!(PHASE_NAMES as readonly string[]).includes(name)) {
      throw new TypeError(`${where}: '${name}' is no phase; these are: ${PHASE_NAMES.join(', ')}`);
    }
    if (handler !== undefined && typeof handler !== 'function') {
      throw new TypeError(`${where}: '${name}' is not a function`);
    }
  }
}

/** Something with a class of its own, such as a `URL`, would be a route that does nothing. */
function checkTarget(to: object): void {
  check(to, 'route()');
  const maker = Object.getPrototypeOf(to) as unknown;
  if (maker === Object.prototype || maker === null) return;
  if (PHASE_NAMES.some((name) => name in to)) return;
  throw new TypeError(`route(): '${String(to)}' is no proxy, no phases and no text of a URL`);
}
