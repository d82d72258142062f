import { nodeRandom } from '../../../adapters/node/node-random.ts';
import { ActiveChecks, UpstreamGroup, upstreamConfig } from '../../../src/proxy/upstream/index.ts';
import { REAL_PORTS } from '../../support/real-ports.ts';
import { clientOf } from './sim-health.ts';

// A program that has active checks and nothing else to do: it ends, although they were not stopped.
const open = REAL_PORTS[process.argv[2] ?? ''];
if (open === undefined) throw new Error('which adapter?');
const port = open();
const random = nodeRandom();
const config = upstreamConfig('u', { servers: ['127.0.0.1:9'], health: { intervalMs: 60_000 } });
const group = new UpstreamGroup(config, { clock: port.loop, random });
new ActiveChecks(group, clientOf(port), random).start();
process.stdout.write('started');
