import { conformance, reactorConformance } from '../../conformance/conformance.ts';
import {
  epollBridgedFixture,
  epollFixture,
  epollReactorBridgedFixture,
  epollReactorFixture,
} from '../../conformance/epoll-fixture.ts';

conformance(epollFixture);
conformance(epollBridgedFixture);
reactorConformance(epollReactorFixture);
reactorConformance(epollReactorBridgedFixture);
