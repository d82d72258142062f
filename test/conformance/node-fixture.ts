import { nodePort } from '../../adapters/node/index.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { ReactorPort } from '../../src/core/reactor.ts';
import { DESCRIPTORS_RULE } from './accept.ts';
import { type Fixture, LIMITED_DATAGRAMS } from './fixture.ts';
import { asReactor, bridgedTwice } from './modes.ts';
import { realSite } from './real-site.ts';

/** `adapters/node`, as it is. */
export const nodeFixture: Fixture<ProactorPort> = {
  name: 'node',
  create: () =>
    realSite({
      create: (uncaught) => nodePort({ uncaught }),
      limited: (drop) => nodePort({ datagrams: { queueMax: LIMITED_DATAGRAMS, drop } }),
    }),
  skip: {
    [DESCRIPTORS_RULE]: 'the limit is the process’s: conformance-descriptors.test.ts runs it alone',
  },
};

/** The same behind both bridges. */
export const nodeBridgedFixture: Fixture<ProactorPort> = bridgedTwice(nodeFixture);

/** The reactor's face of `adapters/node`. */
export const nodeReactorFixture: Fixture<ReactorPort> = asReactor(nodeFixture);
