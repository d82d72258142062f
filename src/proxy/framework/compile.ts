import type { Definition, RouteDefinition } from './define-proxy.ts';
import { type Match, type NestedMatch, RouteTable } from './match.ts';
import { PHASE_NAMES, type PhaseName, type Phases } from './phases.ts';
import type { SessionBase } from './session-base.ts';
import { parseTarget } from './target-url.ts';

/** The handlers of one phase in the order in which they run; `undefined` where there are none. */
export type Handlers = readonly ((...parts: never[]) => unknown)[] | undefined;
export type CompiledPhases = Readonly<Record<PhaseName, Handlers>>;

/** Everything that one route does, in one piece. */
export type CompiledRoute = {
  readonly phases: CompiledPhases;
  /** Those of the route alone: the proxy's have run before there was a route. */
  readonly earlyRequest: Handlers;
  readonly contexts: readonly ((session: SessionBase) => object)[];
  /** The URL that requests go to where no phase says another place. */
  readonly target: string | undefined;
  /** What of the path is replaced by the target's. */
  readonly prefix: string;
  /** Nobody looks at the path: it is forwarded as it came. */
  readonly routed: boolean;
};

/** A definition, ready to be run. */
export type CompiledProxy = {
  readonly earlyRequest: Handlers;
  /** Of sessions that are yet to be routed. */
  readonly contexts: readonly ((session: SessionBase) => object)[];
  readonly routes: RouteTable<CompiledRoute>;
  /** For requests that no route is for. */
  readonly rest: CompiledRoute;
  readonly isRouted: boolean;
};

type Layer = Phases<never>;

/** Phases of the way back run in the opposite order, like the layers of an onion. */
const BACKWARDS: ReadonlySet<PhaseName> = new Set([
  'upstreamResponseFilter',
  'responseFilter',
  'responseBodyFilter',
  'logging',
  'failToConnect',
  'errorWhileProxy',
  'failToProxy',
]);

/** Flattens a definition: one array per phase and route, so that nothing is looked up later. */
export function compile(definition: Definition): CompiledProxy {
  const { layers } = definition;
  const routes = new RouteTable<CompiledRoute>();
  for (const route of definition.routes) add(routes, route, [], definition, [], 0);
  return {
    earlyRequest: handlersOf('earlyRequest', definition.layers),
    contexts: definition.contexts,
    routes,
    rest: routeOf(layers, layers.length, [], undefined, '', definition.routes.length > 0),
    isRouted: definition.routes.length > 0,
  };
}

const DEPTH_MAX = 16;

type Outer = { readonly layers: readonly Layer[]; readonly rootLayers?: number };

/** Adds one route, and those of a proxy behind it: each must match what the outer ones match. */
function add(
  routes: RouteTable<CompiledRoute>,
  { match, to }: RouteDefinition,
  around: readonly Match[],
  { layers, rootLayers = layers.length }: Outer,
  contexts: CompiledRoute['contexts'],
  depth: number,
): void {
  if (depth === DEPTH_MAX) throw new RangeError(`proxies are nested over ${DEPTH_MAX} deep`);
  const both = nested(around, match);
  const prefix = both.exact ?? (typeof both.path === 'string' ? both.path : '');
  if (typeof to === 'string') {
    parseTarget(to); // A mistake shows when the proxy is made, and not with the first request.
    routes.add(both, routeOf(layers, rootLayers, contexts, to, prefix, true));
  } else if (!('layers' in to)) {
    const all = [...layers, to];
    routes.add(both, routeOf(all, rootLayers, contexts, undefined, prefix, true));
  } else {
    const inner = { layers: [...layers, ...to.layers], rootLayers };
    const innerContexts = [...contexts, ...to.contexts];
    const aroundInner = [...around, match];
    for (const route of to.routes) add(routes, route, aroundInner, inner, innerContexts, depth + 1);
    routes.add(both, routeOf(inner.layers, rootLayers, innerContexts, undefined, prefix, true));
  }
}

/** A match within others: what it leaves out is as in the next one around it. */
function nested(around: readonly Match[], match: Match): NestedMatch {
  const outer = around[around.length - 1];
  if (outer === undefined) return match;
  const host = match.host ?? around.findLast((one) => one.host !== undefined)?.host;
  for (const one of around) {
    if (one.host !== undefined && String(one.host) !== String(host)) {
      throw new TypeError('route(): a nested route names another host');
    }
  }
  const { exact, path } = isPlaced(match) ? match : (around.findLast(isPlaced) ?? {});
  for (const one of around) checkWithin(exact ?? path, one);
  return {
    ...match,
    ...(host !== undefined && { host }),
    ...(exact !== undefined && { exact }),
    ...(path !== undefined && { path }),
    also: around,
  };
}

function isPlaced({ exact, path }: Match): boolean {
  return exact !== undefined || path !== undefined;
}

/** A path that the outer route never gets is a mistake, as in nginx. */
function checkWithin(inner: string | RegExp | undefined, { exact, path }: Match): void {
  if (typeof inner !== 'string') return;
  const isOutside =
    exact === undefined ? typeof path === 'string' && !inner.startsWith(path) : inner !== exact;
  if (isOutside) throw new TypeError(`route(): '${inner}' is not within '${exact ?? path}'`);
}

function routeOf(
  layers: readonly Layer[],
  rootLayers: number,
  contexts: CompiledRoute['contexts'],
  target: string | undefined,
  prefix: string,
  routed: boolean,
): CompiledRoute {
  const phases = Object.fromEntries(
    PHASE_NAMES.map((name) => [name, handlersOf(name, layers)]),
  ) as CompiledPhases;
  const earlyRequest = handlersOf('earlyRequest', layers.slice(rootLayers));
  return { phases, earlyRequest, contexts, target, prefix, routed };
}

function handlersOf(name: PhaseName, layers: readonly Layer[]): Handlers {
  const handlers: ((...parts: never[]) => unknown)[] = [];
  for (const layer of layers) {
    const handler = layer[name];
    if (handler !== undefined) handlers.push(handler.bind(layer) as (...parts: never[]) => unknown);
  }
  if (handlers.length === 0) return undefined;
  return BACKWARDS.has(name) ? handlers.reverse() : handlers;
}
