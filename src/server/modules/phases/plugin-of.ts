import { PHASE_NAMES, type PhaseName, type Phases } from '../../../proxy/framework/phases.ts';
import type { SessionBase } from '../../../proxy/framework/session-base.ts';

/** Phases that run in a location. */
export type LocationPhase = Extract<
  PhaseName,
  'earlyRequest' | 'requestFilter' | 'upstreamRequestFilter' | 'responseFilter' | 'logging'
>;

const LOCATION_PHASES: readonly LocationPhase[] = [
  'earlyRequest',
  'requestFilter',
  'upstreamRequestFilter',
  'responseFilter',
  'logging',
];

/** What a file of `phase_module` has. */
export type LocationPlugin = {
  readonly name: string;
  readonly context: ((session: SessionBase) => object) | undefined;
  readonly phases: Pick<Phases<object>, LocationPhase>;
};

/**
 * The plugin in what a file exports: its default, be it made by `definePlugin` or plain phases, or
 * phases by their names. Throws `TypeError` where there is none, or what no location runs.
 */
export function pluginOf(
  file: string,
  exported: Readonly<Record<string, unknown>>,
): LocationPlugin {
  const { default: standard } = exported;
  const given = isObject(standard) ? standard : namedPhases(exported);
  const phases = isObject(given.phases) ? given.phases : given;
  const names = Object.keys(phases).filter((name) => name !== 'context' && name !== 'name');
  if (names.length === 0) throw new TypeError('it exports no phases');
  for (const name of names) {
    if (!(PHASE_NAMES as readonly string[]).includes(name)) {
      throw new TypeError(`"${name}" is no phase; these are: ${LOCATION_PHASES.join(', ')}`);
    }
    if (!(LOCATION_PHASES as readonly string[]).includes(name)) {
      throw new TypeError(`the phase "${name}" does not run in a location`);
    }
    if (typeof phases[name] !== 'function') throw new TypeError(`"${name}" is no function`);
  }
  const { context } = given;
  const make = typeof context === 'function' ? context.bind(given) : undefined;
  const name = typeof given.name === 'string' ? given.name : file;
  return { name, context: make, phases: phases as LocationPlugin['phases'] };
}

function namedPhases(exported: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = PHASE_NAMES.filter((name) => exported[name] !== undefined);
  const phases = Object.fromEntries(names.map((name) => [name, exported[name]]));
  return exported.context === undefined ? phases : { ...phases, context: exported.context };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
