import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from './arguments.ts';
import { upstreamCount } from './nginx.ts';
import { loadPlan } from './pairs.ts';
import { treeOf } from './process-tree.ts';
import { end, startHelper } from './processes.ts';
import type { Scenario } from './scenarios.ts';
import type { Service, Stage } from './service.ts';
import { table } from './table.ts';
import { runWrk } from './wrk.ts';

const TRACED_S = 2;
const ATTACH_MS_MAX = 5000;
const PRINT_MS = 2000;

/** System call name to calls per request. */
type Calls = ReadonlyMap<string, number>;

/** What a proxy asks of the kernel, in the groups in which proxies differ. */
const GROUPS: readonly (readonly [title: string, calls: RegExp])[] = [
  ['read, recv', /^(read|readv|recvfrom|recvmsg)$/],
  ['write, send', /^(write|writev|sendto|sendmsg|sendfile)$/],
  ['files', /^(open|openat|close|fstat|newfstatat|statx|pread64)$/],
  ['epoll_wait', /^epoll_p?wait2?$/],
  ['epoll_ctl', /^epoll_ctl$/],
  ['io_uring', /^io_uring_/],
];

/**
 * Counts the system calls of both under the same load. Traced calls are many times slower, so
 * both are saturated: a proxy that gathers the work of one turn shows its best here.
 */
export async function compareCalls(
  services: readonly Service[],
  scenario: Scenario,
  options: Options,
  stage: Stage,
): Promise<string> {
  const columns: Calls[] = [];
  for (const service of services) {
    await runWrk(loadPlan(service, scenario, options.warmupS, options.connections, stage));
    columns.push(await countCalls(service, scenario, options, stage));
  }
  const figure = (calls: Calls, names: (name: string) => boolean): string => {
    let sum = 0;
    for (const [name, count] of calls) if (names(name)) sum += count;
    return sum.toFixed(2);
  };
  const isOther = (name: string): boolean => !GROUPS.some(([, calls]) => calls.test(name));
  const line = (title: string, names: (name: string) => boolean): string[] => [
    title,
    ...columns.map((calls) => figure(calls, names)),
    '',
  ];
  const others = services.map(
    ({ name }, index) => `${name}: ${exactCalls(columns[index] ?? new Map())}`,
  );
  return `${scenario.name}: system calls per request\n${table([
    ['', ...services.map(({ name }) => name), ''],
    ...GROUPS.map(([title, calls]) => line(title, (name) => calls.test(name))),
    line('other', isOther),
    line('all', () => true),
  ])}\n\n${others.join('\n')}`;
}

async function countCalls(
  service: Service,
  scenario: Scenario,
  options: Options,
  stage: Stage,
): Promise<Calls> {
  const file = join(stage.directory, `strace-${service.port}`);
  const targets = treeOf(service.pid).flatMap((pid) => ['-p', String(pid)]);
  const tracer = startHelper(['strace', '-f', '-c', '-o', file, ...targets], {
    cpu: stage.loadCpu,
  });
  const closed = new Promise((resolve) => tracer.once('close', resolve));
  try {
    await untilTraced(service.pid);
    const before = await upstreamCount(stage.upstreamPort);
    const load = await runWrk(loadPlan(service, scenario, TRACED_S, options.connections, stage));
    const after = await upstreamCount(stage.upstreamPort);
    // Interrupted, strace lets go of the process and writes its summary.
    tracer.kill('SIGINT');
    await Promise.race([closed, sleep(PRINT_MS)]);
    const forwarded = after.requests - before.requests - 1;
    return callsIn(readFileSync(file, 'latin1'), scenario.isFile ? load.requests : forwarded);
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
function callsIn(summary: string, requests: number): Calls {
  const calls = new Map<string, number>();
  for (const [, count, name] of summary.matchAll(
    /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+([a-z]\w+)$/gm,
  )) {
    if (name !== undefined && name !== 'total') calls.set(name, Number(count) / requests);
  }
  return calls;
}

function exactCalls(calls: Calls): string {
  return [...calls]
    .filter(([, count]) => count >= 0.005)
    .map(([name, count]) => `${name} ${count.toFixed(2)}`)
    .join(', ');
}
