import { ioUringPort } from '../../adapters/io-uring/index.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { ReactorPort } from '../../src/core/reactor.ts';
import { DESCRIPTORS_RULE } from './accept.ts';
import type { Fixture } from './fixture.ts';
import { asReactor, bridgedTwice } from './modes.ts';
import { realSite } from './real-site.ts';

/** `adapters/io-uring`, with the proactor's face that it has. */
export const ioUringFixture: Fixture<ProactorPort> = {
  name: 'io-uring',
  create: () => realSite({ create: (uncaught) => ioUringPort({ uncaught }) }),
  skip: {
    [DESCRIPTORS_RULE]: 'the limit is the process’s: conformance-descriptors.test.ts runs it alone',
  },
};

/** The same behind both bridges. */
export const ioUringBridgedFixture: Fixture<ProactorPort> = bridgedTwice(ioUringFixture);

/** The reactor's face. */
export const ioUringReactorFixture: Fixture<ReactorPort> = asReactor(ioUringFixture);
