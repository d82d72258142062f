import { EpollReactor } from '../../../adapters/epoll/epoll-reactor.ts';
import { linuxCalls } from '../../../adapters/epoll/linux-calls.ts';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import type { ReactorPort } from '../../../src/core/reactor.ts';
import { DESCRIPTORS_RULE } from '../../conformance/accept.ts';
import type { Fixture } from '../../conformance/fixture.ts';
import { realSite } from '../../conformance/real-site.ts';
import { type FaultRates, FaultyCalls, type Injected } from './faulty-calls.ts';

/** What all sites of one fixture have had injected, together. */
export type FaultyFixture = Fixture<ReactorPort> & { readonly injected: Injected };

/** The epoll adapter on calls that fail by seed: another seed for each rule and port. */
export function faultyFixture(
  name: string,
  rates: FaultRates,
  skip: Fixture<ReactorPort>['skip'] = {},
): FaultyFixture {
  const koffi = loadKoffi('epoll');
  const injected: Injected = {};
  let seed = Number(process.env.SLUICE_SEED ?? 1);
  const create = (uncaught: (error: unknown) => void): ReactorPort => {
    const calls = new FaultyCalls(linuxCalls(koffi), seed, rates, injected);
    seed += 1;
    return new EpollReactor(koffi, calls, uncaught);
  };
  return {
    name: `epoll with ${name}`,
    create: () => realSite({ create }),
    skip: {
      [DESCRIPTORS_RULE]:
        'the limit is the process’s: conformance-descriptors.test.ts runs it alone',
      ...skip,
    },
    injected,
  };
}
