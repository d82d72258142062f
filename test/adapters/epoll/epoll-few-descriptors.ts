import { epollFixture } from '../../conformance/epoll-fixture.ts';
import { runWithFewDescriptors } from '../../conformance/few-descriptors.ts';

await runWithFewDescriptors(epollFixture);
