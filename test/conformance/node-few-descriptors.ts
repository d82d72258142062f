import { runWithFewDescriptors } from './few-descriptors.ts';
import { nodeFixture } from './node-fixture.ts';

await runWithFewDescriptors(nodeFixture);
