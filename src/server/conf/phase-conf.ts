/** Plugins that have a say in a location. */
export interface PhaseConf {
  /** Their files, absolute. */
  readonly phaseModules: readonly string[];
}

export const PHASE_DEFAULTS: PhaseConf = { phaseModules: [] };
