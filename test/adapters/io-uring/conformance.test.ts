import { conformance, reactorConformance } from '../../conformance/conformance.ts';
import {
  ioUringBridgedFixture,
  ioUringFixture,
  ioUringReactorFixture,
} from '../../conformance/io-uring-fixture.ts';

conformance(ioUringFixture);
conformance(ioUringBridgedFixture);
reactorConformance(ioUringReactorFixture);
