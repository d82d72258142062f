import type { Definition, RouteDefinition } from './define-proxy.ts';
import { type Match, RouteTable } from './match.ts';
import { PHASE_NAMES, type PhaseName, type Phases } from './phases.ts';
import type { SessionBase } from './session-base.ts';

/** The handlers of one phase in the order in which they run; `undefined` where there are none. */
export type Handlers = readonly ((...parts: never[]) => unknown)[] | undefined;
export type CompiledPhases = Readonly<Record<PhaseName, Handlers>>;

/** Everything that one route does, in one piece. */
export type CompiledRoute = {
  readonly phases: CompiledPhases;
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
  const routes = new RouteTable<CompiledRoute>();
  for (const route of definition.routes) add(routes, route, {}, definition, [], 0);
  return {
    earlyRequest: handlersOf('earlyRequest', definition.layers),
    contexts: definition.contexts,
    routes,
    rest: routeOf(definition.layers, [], undefined, '', definition.routes.length > 0),
    isRouted: definition.routes.length > 0,
  };
}

const DEPTH_MAX = 16;

/** Adds one route, and those of a proxy behind it: each must match what the outer ones match. */
function add(
  routes: RouteTable<CompiledRoute>,
  { match, to }: RouteDefinition,
  outer: Match,
  { layers }: Pick<Definition, 'layers'>,
  contexts: CompiledRoute['contexts'],
  depth: number,
): void {
  if (depth === DEPTH_MAX) throw new RangeError(`proxies are nested over ${DEPTH_MAX} deep`);
  const both = joined(outer, match);
  const prefix = both.exact ?? (typeof both.path === 'string' ? both.path : '');
  if (typeof to === 'string') {
    routes.add(both, routeOf(layers, contexts, to, prefix, true));
  } else if (!('layers' in to)) {
    routes.add(both, routeOf([...layers, to], contexts, undefined, prefix, true));
  } else {
    const inner = { layers: [...layers, ...to.layers] };
    const innerContexts = [...contexts, ...to.contexts];
    for (const route of to.routes) add(routes, route, both, inner, innerContexts, depth + 1);
    routes.add(both, routeOf(inner.layers, innerContexts, undefined, prefix, true));
  }
}

function joined(outer: Match, inner: Match): Match {
  const clash = (what: keyof Match): boolean =>
    outer[what] !== undefined && inner[what] !== undefined && outer[what] !== inner[what];
  if (clash('host')) throw new TypeError('route(): a nested route names another host');
  const methods = inner.method ?? outer.method;
  const joint = {
    ...outer,
    ...inner,
    ...(methods !== undefined && { method: methods }),
    ...((outer.header ?? inner.header) && { header: { ...outer.header, ...inner.header } }),
  };
  if (inner.exact !== undefined) {
    const { path: _, ...exact } = joint;
    return exact;
  }
  if (inner.path !== undefined) {
    const { exact: _, ...path } = joint;
    return path;
  }
  return joint;
}

function routeOf(
  layers: readonly Layer[],
  contexts: CompiledRoute['contexts'],
  target: string | undefined,
  prefix: string,
  routed: boolean,
): CompiledRoute {
  const phases = Object.fromEntries(
    PHASE_NAMES.map((name) => [name, handlersOf(name, layers)]),
  ) as CompiledPhases;
  return { phases, contexts, target, prefix, routed };
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
