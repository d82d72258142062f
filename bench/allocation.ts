import { spawnSync } from 'node:child_process';
import { type HeapProfiler, Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { plainRoundTrips, ROUND_TRIPS, roundTrips } from './node-operations.ts';
import { OPERATIONS, sendsAndReceives } from './sim-operations.ts';

// node dist/bench/allocation.js
// Who allocates, from submit to completion: V8's sampling heap profiler names the script of every
// allocation, so that what Node itself allocates for a read or a write stands apart from ours.
// Functions are not inlined into one another here, or their allocations would change owner.

const FLAGS = [
  '--max-inlined-bytecode-size=0',
  '--max-inlined-bytecode-size-cumulative=0',
  '--max-inlined-bytecode-size-small=0',
];
const WARM_ROUNDS = 100;
const ROUNDS = 100;
const SAMPLE_BYTES = 512;
const OURS = /\/(?:src|adapters)\//;

if (process.execArgv.includes(FLAGS[0] as string)) {
  await show('sim, a send and a receive', sendsAndReceives, 2 * OPERATIONS);
  await show('node, a send and a receive', roundTrips, 4 * ROUND_TRIPS);
  await show('plain node:net, a write and a read', plainRoundTrips, 4 * ROUND_TRIPS);
  process.exit(); // The sockets stay open until here.
}
const again = [...FLAGS, fileURLToPath(import.meta.url)];
process.exitCode = spawnSync(process.execPath, again, { stdio: 'inherit' }).status ?? 1;

/** Prints the bytes per operation that were allocated in our files, and elsewhere. */
async function show(title: string, round: () => unknown, operations: number): Promise<void> {
  for (let i = 0; i < WARM_ROUNDS; i += 1) await round();
  const session = new Session();
  session.connect();
  session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLE_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as HeapProfiler.StartSamplingParameterType);
  for (let i = 0; i < ROUNDS; i += 1) await round();
  session.post('HeapProfiler.stopSampling', (error, result) => {
    if (error !== null) throw error;
    const bytes = { ours: 0, platform: 0 };
    const byFunction = new Map<string, number>();
    add(result.profile.head, bytes, byFunction);
    const each = (total: number): string => (total / ROUNDS / operations).toFixed(2).padStart(8);
    console.log(`${title}, bytes each: ours ${each(bytes.ours)}, platform ${each(bytes.platform)}`);
    const most = [...byFunction].sort(([, a], [, b]) => b - a).slice(0, 4);
    for (const [name, total] of most) console.log(`  ${each(total)}  ${name}`);
  });
  session.disconnect();
}

function add(
  node: HeapProfiler.SamplingHeapProfileNode,
  bytes: { ours: number; platform: number },
  byFunction: Map<string, number>,
): void {
  const { url, functionName } = node.callFrame;
  bytes[OURS.test(url) ? 'ours' : 'platform'] += node.selfSize;
  const name = `${functionName || '(anonymous)'} ${url.slice(url.lastIndexOf('/') + 1)}`;
  if (node.selfSize > 0) byFunction.set(name, (byFunction.get(name) ?? 0) + node.selfSize);
  for (const child of node.children) add(child, bytes, byFunction);
}
