import { runWithFewDescriptors } from './few-descriptors.ts';
import { ioUringFixture } from './io-uring-fixture.ts';

await runWithFewDescriptors({ ...ioUringFixture, skip: {} });
