import { conformance, reactorConformance } from '../../conformance/conformance.ts';
import {
  nodeBridgedFixture,
  nodeFixture,
  nodeReactorFixture,
} from '../../conformance/node-fixture.ts';

conformance(nodeFixture);
conformance(nodeBridgedFixture);
reactorConformance(nodeReactorFixture);
