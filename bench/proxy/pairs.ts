import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from './arguments.ts';
import { type Disturbance, disturbance, machineTicks } from './machine.ts';
import { POOL_SIZE, upstreamCount } from './nginx.ts';
import { type CpuSpent, cpuSpent, cpuTimesOf } from './process-tree.ts';
import type { Scenario } from './scenarios.ts';
import type { Service, Stage } from './service.ts';
import { type Load, type LoadPlan, runWrk } from './wrk.ts';

/** Of the shortest line in the combined format, and what a batch may hold back. */
const LINE_BYTES_MIN = 70;
const LOG_BYTES_HELD = 64 * 1024;
/** After wrk has closed, for the proxy to close its ends and for running slices to be booked. */
const SETTLE_MS = 200;

/** One run of one proxy: what it served and what that cost. */
export type Run = {
  /**
   * As the upstream counted them: a request cut off by wrk's end was work too. Files are counted by
   * wrk, which misses at most one for each connection.
   */
  readonly requests: number;
  readonly upstreamRequests: number;
  readonly upstreamConnections: number;
  readonly load: Load;
  readonly cpu: CpuSpent;
  /** Bytes that the access log has grown by. */
  readonly logged: number;
  readonly usPerRequest: number;
  readonly requestsPerSecond: number;
  readonly machine: Disturbance;
  /** Reasons not to use this run. */
  readonly invalid: readonly string[];
};

export type Pair = { readonly contestant: Run; readonly nginx: Run };

/**
 * Measures both in turn, A B B A, so that a machine that slowly changes its speed favours
 * neither. Warm-up runs come first, for the JIT and for the pools of upstream connections.
 */
export async function measurePairs(
  contestant: Service,
  nginx: Service,
  scenario: Scenario,
  options: Options,
  stage: Stage,
): Promise<Pair[]> {
  for (const service of [contestant, nginx]) {
    await runWrk(loadPlan(service, scenario, options.warmupS, options.connections, stage));
  }
  const pairs: Pair[] = [];
  for (let index = 0; index < options.pairs; index += 1) {
    const runs = new Map<Service, Run>();
    for (const service of index % 2 === 0 ? [contestant, nginx] : [nginx, contestant]) {
      runs.set(service, await measureRun(service, scenario, options, stage));
    }
    pairs.push({ contestant: runs.get(contestant) as Run, nginx: runs.get(nginx) as Run });
  }
  return pairs;
}

async function measureRun(
  service: Service,
  scenario: Scenario,
  options: Options,
  stage: Stage,
): Promise<Run> {
  const { durationS, connections } = options;
  // What the run before left under way shall not count here.
  await sleep(SETTLE_MS);
  const countBefore = await upstreamCount(stage.upstreamPort);
  const ticksBefore = machineTicks();
  const before = cpuTimesOf(service.pid);
  const loggedBefore = bytesOf(service.logFile);
  const load = await runWrk(loadPlan(service, scenario, durationS, connections, stage));
  await sleep(SETTLE_MS);
  const cpu = cpuSpent(before, cpuTimesOf(service.pid));
  const machine = disturbance(ticksBefore, machineTicks());
  const countAfter = await upstreamCount(stage.upstreamPort);
  // The second asking is within its own count.
  const upstreamRequests = countAfter.requests - countBefore.requests - 1;
  const requests = scenario.isFile ? load.requests : upstreamRequests;
  const upstreamConnections = countAfter.connections - countBefore.connections - 1;
  const logged = bytesOf(service.logFile) - loggedBefore;
  const run = { requests, upstreamRequests, upstreamConnections, load, cpu, logged };
  return {
    ...run,
    machine,
    usPerRequest: cpu.totalNs / 1000 / requests,
    requestsPerSecond: load.requests / load.seconds,
    invalid: objections(run, service, scenario, connections),
  };
}

/** Everything that would make the figure one of unequal or failed work. */
function objections(
  run: Omit<Run, 'usPerRequest' | 'requestsPerSecond' | 'machine' | 'invalid'>,
  service: Service,
  scenario: Scenario,
  connections: number,
): string[] {
  const { requests, load } = run;
  const found = Object.entries(load.errors).map(([kind, count]) => `${count} ${kind} errors`);
  if (load.requests === 0) found.push('no request completed');
  // At its end wrk leaves at most one request under way on each connection.
  if (requests < load.requests || requests > load.requests + connections) {
    found.push(`upstream saw ${requests} requests, wrk ${load.requests}`);
  }
  if (scenario.isFile && run.upstreamRequests > 0) found.push('files come from the upstream');
  if (load.bytes < load.requests * scenario.bodyBytes) found.push('bodies are too short');
  // Asked to close, a proxy may pass that on, which the table shows. Else the pool is to be
  // reused; only the connections that wrk's end cut off may have to be replaced.
  const closes = scenario.fields.Connection === 'close';
  if (!closes && run.upstreamConnections > POOL_SIZE + connections) {
    found.push(`${run.upstreamConnections} upstream connections opened`);
  }
  if (service.logFile !== undefined && run.logged + LOG_BYTES_HELD < requests * LINE_BYTES_MIN) {
    found.push(`only ${run.logged} bytes logged`);
  }
  if (run.cpu.doubt !== undefined) found.push(run.cpu.doubt);
  const failure = service.failure();
  if (failure !== undefined) found.push(failure);
  return found;
}

function bytesOf(file: string | undefined): number {
  return file === undefined ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
}

/** A load of this scenario for a running proxy. */
export function loadPlan(
  service: Service,
  scenario: Scenario,
  seconds: number,
  connections: number,
  stage: Stage,
): LoadPlan {
  const { directory, loadCpu: cpu } = stage;
  return { scenario, port: service.port, connections, seconds, cpu, directory };
}
