import { type SimHost, SimProactor, SimReactor } from '../../adapters/sim/index.ts';
import { proactorFrom } from '../../src/core/bridge/proactor-from-reactor.ts';
import { reactorFrom } from '../../src/core/bridge/reactor-from-proactor.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';

/** Every way to have a proactor on `sim`. */
export const STACKS: Readonly<Record<string, (host: SimHost) => ProactorPort>> = {
  sim: (host) => new SimProactor(host),
  'proactorFrom(sim reactor)': (host) => proactorFrom(new SimReactor(host)),
  'proactorFrom(reactorFrom(sim))': (host) => proactorFrom(reactorFrom(new SimProactor(host))),
};
