import { epollReactor } from '../../adapters/epoll/index.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { ReactorPort } from '../../src/core/reactor.ts';
import { DESCRIPTORS_RULE } from './accept.ts';
import type { Fixture } from './fixture.ts';
import { asProactor, asReactor, bridgedTwice } from './modes.ts';
import { realSite } from './real-site.ts';

/** `adapters/epoll`, with the reactor's face that it has. */
export const epollReactorFixture: Fixture<ReactorPort> = {
  name: 'epoll',
  create: () => realSite({ create: (uncaught) => epollReactor({ uncaught }) }),
  skip: {
    [DESCRIPTORS_RULE]: 'the limit is the process’s: conformance-descriptors.test.ts runs it alone',
  },
};

/** The proactor's face. */
export const epollFixture: Fixture<ProactorPort> = asProactor(epollReactorFixture);

/** The same behind both bridges. */
export const epollBridgedFixture: Fixture<ProactorPort> = bridgedTwice(epollFixture);

/** The reactor's face of the proactor's face. */
export const epollReactorBridgedFixture: Fixture<ReactorPort> = asReactor(epollFixture);
