import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Conditions, SimProactor, SimReactor, SimWorld } from '../../../adapters/sim/index.ts';
import type { SimHost } from '../../../adapters/sim/sim-host.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Port } from '../../../src/core/port.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import type { ReactorPort } from '../../../src/core/reactor.ts';
import type { Fixture, Site } from '../../conformance/fixture.ts';

const SEED = 1;

/** The proactor's face of `adapters/sim`, as it is. */
export const simFixture: Fixture<ProactorPort> = {
  name: 'sim',
  create: () => simSite((host) => new SimProactor(host)),
};

/** The reactor's face of `adapters/sim`, as it is. */
export const simReactorFixture: Fixture<ReactorPort> = {
  name: 'sim',
  create: () => simSite((host) => new SimReactor(host)),
};

/** The same where every packet takes its time: nothing is handed over directly. */
export const simDistantFixture: Fixture<ProactorPort> = {
  name: 'sim, 2 to 9 ms away',
  create: () => simSite((host) => new SimProactor(host), { latencyMinMs: 2, latencyMaxMs: 9 }),
};

/** One calm host, and one behind a partition. */
function simSite<P extends Port>(
  make: (host: SimHost) => P,
  conditions: Partial<Conditions> = {},
): Site<P> {
  const uncaught: unknown[] = [];
  const onUncaught = (error: unknown) => uncaught.push(error);
  const world = new SimWorld({ seed: SEED, onUncaught, ...conditions });
  const near = world.host('near', '192.0.2.1');
  world.partition(near, world.host('far', '192.0.2.2'));
  const files: number[] = [];
  return {
    port: make(near),
    another: () => make(near),
    step: () => world.next(),
    elapse: (ms) => world.advance(ms),
    patienceMs: 10_000,
    settleMs: 50,
    uncaught,
    loopback: (family) => ({ family, address: family === 'ipv4' ? '127.0.0.1' : '::1', port: 0 }),
    unreachable: { family: 'ipv4', address: '203.0.113.1', port: 9 } satisfies Endpoint,
    silent: () => ({ family: 'ipv4', address: '192.0.2.2', port: 9 }),
    file: (content) => {
      const file = fileWith(content);
      files.push(file);
      return file;
    },
    // Rings of 64 KiB at both ends; the outbox of a bridge takes 1 MiB more.
    floodBytes: 4 * 1024 * 1024,
    crowd: 10_000,
    exhaust: (spare) => {
      const before = near.maxDescriptors;
      near.maxDescriptors = near.descriptors + spare;
      return () => {
        near.maxDescriptors = before;
      };
    },
    end: () => {
      for (const file of files) closeSync(file);
    },
  };
}

/** The open file outlives its name. */
function fileWith(content: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sim-'));
  const path = join(folder, 'content');
  writeFileSync(path, content);
  const file = openSync(path, 'r');
  rmSync(folder, { recursive: true });
  return file;
}
