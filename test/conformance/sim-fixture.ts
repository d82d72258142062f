import { setImmediate } from 'node:timers/promises';
import { type SimHost, SimProactor, SimReactor, SimWorld } from '../../adapters/sim/index.ts';
import type { Port } from '../../src/core/port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { ReactorPort } from '../../src/core/reactor.ts';
import { Files } from './files.ts';
import type { Fixture, Site } from './fixture.ts';
import { asProactor, asReactor, bridgedTwice } from './modes.ts';

const FAR = '10.0.0.2';
/** How often promises get their turn while time is let pass. */
const SLICES = 8;

/** Surroundings in a simulated world: nothing is lost, and a packet takes 20 µs. */
function simSite<P extends Port>(create: (host: SimHost) => P): Site<P> {
  const uncaught: unknown[] = [];
  const files = new Files();
  const latency = { latencyMinMs: 0.02, latencyMaxMs: 0.02 };
  const world = new SimWorld({ seed: 1, ...latency, onUncaught: (error) => uncaught.push(error) });
  const near = world.host('near', '10.0.0.1');
  const far = world.host('far', FAR);
  return {
    port: create(near),
    another: () => create(near),
    step: () => world.next(),
    elapse: async (ms) => {
      for (let i = 0; i < SLICES; i += 1) {
        world.advance(ms / SLICES);
        await setImmediate();
      }
    },
    patienceMs: 20_000,
    settleMs: 10,
    uncaught,
    loopback: (family) =>
      family === 'ipv4'
        ? { family, address: '127.0.0.1', port: 0 }
        : { family, address: '::1', port: 0 },
    unreachable: { family: 'ipv4', address: '203.0.113.1', port: 9 },
    silent: () => {
      world.partition(near, far);
      return { family: 'ipv4', address: FAR, port: 80 };
    },
    file: (content) => files.open(content),
    floodBytes: 4 * 1024 * 1024,
    crowd: 10_000,
    exhaust: (spare) => {
      const { maxDescriptors } = near;
      near.maxDescriptors = near.descriptors + spare;
      return () => {
        near.maxDescriptors = maxDescriptors;
      };
    },
    end: () => files.close(),
  };
}

/** `adapters/sim` as a proactor. */
export const simFixture: Fixture<ProactorPort> = {
  name: 'sim',
  create: () => simSite((host) => new SimProactor(host)),
};

/** `adapters/sim` as a reactor. */
export const simReactorFixture: Fixture<ReactorPort> = {
  name: 'sim reactor',
  create: () => simSite((host) => new SimReactor(host)),
};

/** The proactor behind both bridges. */
export const simBridgedFixture: Fixture<ProactorPort> = bridgedTwice(simFixture);

/** The reactor behind one bridge: a proactor again. */
export const simReactorAsProactor: Fixture<ProactorPort> = asProactor(simReactorFixture);

/** The proactor behind one bridge: a reactor. */
export const simProactorAsReactor: Fixture<ReactorPort> = asReactor(simFixture);

/** The reactor behind both bridges. */
export const simReactorBridged: Fixture<ReactorPort> = asReactor(simReactorAsProactor);
