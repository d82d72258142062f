import test from 'ava';
import { conformance, reactorConformance } from '../../conformance/conformance.ts';
import { asProactor } from '../../conformance/modes.ts';
import type { FaultRates } from './faulty-calls.ts';
import { faultyFixture } from './faulty-fixture.ts';

const reasons = (reason: string, ...titles: string[]): Record<string, string> =>
  Object.fromEntries(titles.map((title) => [title, reason]));

/** Rules that see such a fault, as anybody may. */
const TOGETHER = reasons(
  'it expects that what is sent together comes together',
  'a receive that waits gets the bytes when they come',
  'a receive takes what is there and does not wait for a full buffer',
  'a minimum is waited for over several segments',
  'bytes that are kept outlive the callback, are released, and not used again',
  'a deadline that moves on with every use is met only when the last one passes',
  'a cancelled receive lets the one behind it go on',
  'two peeks and then a receive all see the same bytes',
  'a peek and a receive that wait together see the same bytes',
  'a peek shows no more than was asked for, nothing when nothing was',
  'a callback that throws costs no other operation its completion',
  'what one socket receives, another sends',
  'a splice moves no more than it may',
  'splices and receives of one socket take turns',
  'an attempt after the bytes came completes at once',
  'an attempt that would block keeps no buffer: later bytes go to the next one',
);
const FULL = reasons(
  'it takes the first send that would block for a peer whose buffers are full',
  'wait(write) is not reported because the socket can be read',
  'wait(write) on a peer that does not read neither reports nor spins',
);
const AT_ONCE = reasons(
  'it expects that the first attempt does it',
  'an attempt after the bytes came completes at once',
  'one hot socket does not starve a quiet one',
);
const QUIET = reasons(
  'it expects that nothing is reported of which nothing is to be said',
  'wait(read) reports once, when bytes come',
  'wait(read) is not reported because the socket can be written',
  'both directions of a socket may be waited for, each told once',
  'an idle wait(read) does not spin',
  'a listener is reported when a connection waits',
);

type Profile = { readonly rates: FaultRates; readonly skip?: Readonly<Record<string, string>> };

/** `SLUICE_SEED` chooses other faults. */
const PROFILES: Readonly<Record<string, Profile>> = {
  interrupts: { rates: { interrupts: 0.1, aborts: 0.1 } },
  'calls that would block': {
    rates: { wouldBlock: 0.4 },
    skip: { ...FULL, ...AT_ONCE },
  },
  'short transfers': {
    rates: { short: 0.5 },
    skip: { ...FULL, ...TOGETHER },
  },
  'events that come late, early and for nothing': {
    rates: { fewEvents: 0.5, hangUps: 0.5, spurious: 0.3 },
    skip: QUIET,
  },
};

for (const [name, { rates, skip }] of Object.entries(PROFILES)) {
  const fixture = faultyFixture(name, rates, skip);
  conformance(asProactor(fixture));
  reactorConformance(fixture);
  test.serial(`${fixture.name}: faults were injected`, (t) => {
    t.log(fixture.injected);
    t.true(Object.keys(fixture.injected).length > 0);
  });
}
