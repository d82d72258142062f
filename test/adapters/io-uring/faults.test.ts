import { release } from 'node:os';
import test from 'ava';
import { linuxCalls } from '../../../adapters/io-uring/linux-calls.ts';
import { UringPort } from '../../../adapters/io-uring/uring-port.ts';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { DESCRIPTORS_RULE } from '../../conformance/accept.ts';
import { conformance } from '../../conformance/conformance.ts';
import { bridgedTwice } from '../../conformance/modes.ts';
import { realSite } from '../../conformance/real-site.ts';
import { type FaultRates, faultyRing, type Injected } from './faulty-ring.ts';

const reasons = (reason: string, ...titles: string[]): Record<string, string> =>
  Object.fromEntries(titles.map((title) => [title, reason]));

/** Rules that see such a fault, as anybody may. */
const TOGETHER = reasons(
  'it expects that what is sent together comes together',
  'a receive that waits gets the bytes when they come',
  'a receive after the bytes came gets them at once',
  'a receive takes what is there and does not wait for a full buffer',
  'a minimum is waited for over several segments',
  'bytes that are kept outlive the callback, are released, and not used again',
  'a deadline that moves on with every use is met only when the last one passes',
  'a cancelled receive lets the one behind it go on',
  'two peeks and then a receive all see the same bytes',
  'a peek and a receive that wait together see the same bytes',
  'a peek shows no more than was asked for, nothing when nothing was',
  'a callback that throws costs no other operation its completion',
);

type Profile = {
  readonly rates: FaultRates;
  readonly size?: { readonly submissions: number; readonly completions: number };
  readonly skip?: Readonly<Record<string, string>>;
};

/** `SLUICE_SEED` chooses other faults. */
const PROFILES: Readonly<Record<string, Profile>> = {
  'a kernel that refuses or takes little': { rates: { refusals: 0.2, fewTaken: 0.3 } },
  'requests to be made again': { rates: { again: 0.2 } },
  'polls that report what is not so': { rates: { spurious: 0.4 } },
  'short transfers': { rates: { short: 0.5 }, skip: TOGETHER },
  'queues of 4 and 8 entries': { rates: {}, size: { submissions: 4, completions: 8 } },
};

const koffi = loadKoffi('io-uring');
const calls = linuxCalls(koffi);
const [major = 0, minor = 0] = release().split('.').map(Number);
const injects = major > 6 || (major === 6 && minor >= 10);

for (const [name, { rates, size, skip }] of Object.entries(PROFILES)) {
  const ownKernel = Object.keys(rates).some((rate) => rate === 'again' || rate === 'spurious');
  if (ownKernel && !injects) {
    test.skip(`${name}: results can be injected from Linux 6.10 on`, () => {});
    continue;
  }
  const injected: Injected = {};
  let seed = Number(process.env.SLUICE_SEED ?? 1);
  const create = (uncaught: (error: unknown) => void): ProactorPort => {
    seed += 1;
    const faulty = faultyRing(calls, seed, rates, injected);
    return new UringPort(koffi, faulty, { uncaught, ...(size && { size }) });
  };
  const fixture = {
    name: `io-uring with ${name}`,
    create: () => realSite({ create }),
    skip: {
      [DESCRIPTORS_RULE]:
        'the limit is the process’s: conformance-descriptors.test.ts runs it alone',
      ...skip,
    },
  };
  conformance(fixture);
  conformance(bridgedTwice(fixture));
  if (size !== undefined) continue;
  test.serial(`${fixture.name}: faults were injected`, (t) => {
    t.log(injected);
    t.true(Object.keys(injected).length > 0);
  });
}
