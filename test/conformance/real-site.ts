import { closeSync, openSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Port } from '../../src/core/port.ts';
import { Files } from './files.ts';
import type { Site } from './fixture.ts';
import { SilentListener } from './silent-listener.ts';

/** Set where the process has few descriptors, so that taking them all is cheap and harms nobody. */
export const FEW_DESCRIPTORS: string = 'SLUICE_FEW_DESCRIPTORS';

/** How to make a port of a real adapter. */
export type RealPorts<P extends Port> = {
  /** Exceptions of callbacks go to `uncaught`. */
  create(uncaught: (error: unknown) => void): P;
  limited?(drop: 'newest' | 'oldest'): P;
};

const STEPS_PER_PAUSE = 16;

/** Surroundings for an adapter to the real system: 127.0.0.1, ::1, and real time. */
export function realSite<P extends Port>({ create, limited }: RealPorts<P>): Site<P> {
  const uncaught: unknown[] = [];
  const files = new Files();
  const silent = new SilentListener();
  const another = (): P => create((error) => uncaught.push(error));
  let steps = 0;
  return {
    port: another(),
    another,
    ...(limited && { limited }),
    ...(process.env[FEW_DESCRIPTORS] !== undefined && { exhaust: takeDescriptors }),
    step: async () => {
      steps += 1;
      // Mostly at once, so that little is waited for; now and then the machine gets a rest.
      await (steps % STEPS_PER_PAUSE === 0 ? setTimeout(1) : setImmediate());
      return true;
    },
    elapse: async (ms) => {
      const endMs = performance.now() + ms;
      for (let leftMs = ms; leftMs > 0; leftMs = endMs - performance.now()) {
        await setTimeout(Math.ceil(leftMs));
      }
    },
    patienceMs: 5_000,
    settleMs: 10,
    uncaught,
    loopback: (family) =>
      family === 'ipv4'
        ? { family, address: '127.0.0.1', port: 0 }
        : { family, address: '::1', port: 0 },
    // TCP to the broadcast address is refused by the route, and no packet leaves.
    unreachable: { family: 'ipv4', address: '255.255.255.255', port: 9 },
    silent: () => silent.endpoint(),
    file: (content) => files.open(content),
    floodBytes: 16 * 1024 * 1024,
    crowd: 200,
    end: () => {
      silent.end();
      files.close();
    },
  };
}

/** Opens files until the system has no descriptor left, then gives `spare` back. */
function takeDescriptors(spare: number): () => void {
  const taken: number[] = [];
  for (;;) {
    try {
      taken.push(openSync('/dev/null', 'r'));
    } catch {
      break;
    }
  }
  for (const file of taken.splice(0, spare)) closeSync(file);
  return () => {
    for (const file of taken.splice(0)) closeSync(file);
  };
}
