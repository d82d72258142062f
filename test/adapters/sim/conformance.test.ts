import { conformance, reactorConformance } from '../../conformance/conformance.ts';
import {
  simBridgedFixture,
  simFixture,
  simProactorAsReactor,
  simReactorAsProactor,
  simReactorBridged,
  simReactorFixture,
} from '../../conformance/sim-fixture.ts';

// Law 14: four stacks, one behaviour.
conformance(simFixture);
conformance(simBridgedFixture);
conformance(simReactorAsProactor);

reactorConformance(simReactorFixture);
reactorConformance(simProactorAsReactor);
reactorConformance(simReactorBridged);
