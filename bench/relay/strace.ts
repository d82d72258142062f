import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { treeOf } from '../proxy/process-tree.ts';
import { end, startHelper } from '../proxy/processes.ts';
import type { Service, Stage } from '../proxy/service.ts';
import { table } from '../proxy/table.ts';
import { runLoad } from './runs.ts';
import type { Scenario } from './scenarios.ts';

const ATTACH_MS_MAX = 5000;
const PRINT_MS = 2000;

type Count = { readonly calls: number; readonly errors: number };

/** Counts the system calls of each under the same load, per MB or per message. */
export async function compareCalls(
  services: readonly Service[],
  scenario: Scenario,
  seconds: number,
  stage: Stage,
): Promise<string> {
  const counted: Map<string, Count>[] = [];
  for (const service of services) {
    await runLoad(service, scenario, 1, stage);
    counted.push(await countCalls(service, scenario, seconds, stage));
  }
  const names = new Set(counted.flatMap((calls) => [...calls.keys()]));
  names.delete('total');
  names.add('total'); // Last.
  const cell = (count: Count | undefined): string =>
    count === undefined ? '' : `${count.calls.toFixed(2)} (${count.errors.toFixed(2)})`;
  const lines = [...names].map((name) => [name, ...counted.map((one) => cell(one.get(name))), '']);
  const unit = scenario.messageBytes === 0 ? 'MB' : 'message';
  return `${scenario.name}: system calls per ${unit} (of them errors)\n${table([
    ['', ...services.map(({ name }) => name), ''],
    ...lines,
  ])}`;
}

async function countCalls(
  service: Service,
  scenario: Scenario,
  seconds: number,
  stage: Stage,
): Promise<Map<string, Count>> {
  const file = join(stage.directory, `strace-${service.port}`);
  const targets = treeOf(service.pid).flatMap((pid) => ['-p', String(pid)]);
  const tracer = startHelper(['strace', '-f', '-c', '-o', file, ...targets], {
    cpu: stage.loadCpu,
  });
  const closed = new Promise((resolve) => tracer.once('close', resolve));
  try {
    await untilTraced(service.pid);
    const { received, messages } = await runLoad(service, scenario, seconds, stage);
    // Interrupted, strace lets go of the process and writes its summary.
    tracer.kill('SIGINT');
    await Promise.race([closed, sleep(PRINT_MS)]);
    const units = scenario.messageBytes === 0 ? received / 1e6 : messages;
    return callsIn(readFileSync(file, 'latin1'), units);
  } finally {
    await end(tracer);
  }
}

async function untilTraced(pid: number): Promise<void> {
  const deadlineMs = performance.now() + ATTACH_MS_MAX;
  const isTraced = (): boolean =>
    !/^TracerPid:\s+0$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  while (!isTraced()) {
    if (performance.now() > deadlineMs) throw new Error('strace may not attach (ptrace_scope?)');
    await sleep(20);
  }
}

/** Reads the table of `strace -c`: share, seconds, us per call, calls, errors if any, name. */
function callsIn(summary: string, units: number): Map<string, Count> {
  const calls = new Map<string, Count>();
  for (const [, count, errors, name] of summary.matchAll(
    /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+(\d+))?\s+([a-z]\w+)$/gm,
  )) {
    if (name === undefined || Number(count) / units < 0.005) continue;
    calls.set(name, { calls: Number(count) / units, errors: Number(errors ?? 0) / units });
  }
  return calls;
}
