import { readdirSync, readFileSync } from 'node:fs';

/** The unit of /proc/PID/stat, 100 per second on every Linux that Node runs on. */
const NS_PER_TICK = 10_000_000;
// Positions in /proc/PID/stat counted after the command's closing parenthesis (proc(5)).
const PARENT = 1;
const USER = 11;
const SYSTEM = 12;
const CHILDREN_USER = 13;
const CHILDREN_SYSTEM = 14;

/** CPU time of a process and all its descendants since their start. */
export type CpuTimes = {
  /** Nanoseconds run, from the scheduler: exact to the last switch. */
  readonly scheduledNs: number;
  /** The same in 10 ms ticks: too coarse for the total, the only source for the split. */
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly processes: number;
};

export type CpuSpent = {
  readonly totalNs: number;
  readonly userNs: number;
  readonly systemNs: number;
  /** Set when the two clocks of the kernel contradict each other, so the figure is not to be used. */
  readonly doubt: string | undefined;
};

/** Reads the CPU time of the tree below `root`, including children that ended and were waited for. */
export function cpuTimesOf(root: number): CpuTimes {
  const sum = { scheduledNs: 0, userTicks: 0, systemTicks: 0, processes: 0 };
  for (const pid of treeOf(root)) {
    const fields = statOf(pid);
    if (fields === undefined) continue;
    sum.userTicks += Number(fields[USER]) + Number(fields[CHILDREN_USER]);
    sum.systemTicks += Number(fields[SYSTEM]) + Number(fields[CHILDREN_SYSTEM]);
    sum.scheduledNs += scheduledNsOf(pid);
    sum.processes += 1;
  }
  return sum;
}

/** What the tree spent between two readings: the scheduler's total, split as the ticks say. */
export function cpuSpent(before: CpuTimes, after: CpuTimes): CpuSpent {
  const totalNs = after.scheduledNs - before.scheduledNs;
  const userTicks = after.userTicks - before.userTicks;
  const ticks = userTicks + after.systemTicks - before.systemTicks;
  const userNs = ticks === 0 ? 0 : (totalNs * userTicks) / ticks;
  // Linux scales a process's ticks to its scheduled time, so the two differ only by rounding (down,
  // per process, user and system, at both readings) unless a thread ended in between: it took its
  // nanoseconds with it, while its process keeps the ticks.
  const slackNs = 0.03 * totalNs + 2 * NS_PER_TICK * after.processes;
  const doubt =
    Math.abs(ticks * NS_PER_TICK - totalNs) > slackNs
      ? `CPU by ticks ${ticks * 10} ms, by scheduler ${Math.round(totalNs / 1e6)} ms`
      : undefined;
  return { totalNs, userNs, systemNs: totalNs - userNs, doubt };
}

/** Resident memory of the tree below `root`, in bytes: VmRSS summed over its processes. */
export function residentBytes(root: number): number {
  let kib = 0;
  for (const pid of treeOf(root)) {
    kib += Number(/^VmRSS:\s+(\d+)/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1] ?? 0);
  }
  return kib * 1024;
}

/** The process and all its descendants. */
export function treeOf(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))?.[PARENT]);
    const siblings = childrenOf.get(parent);
    if (siblings === undefined) childrenOf.set(parent, [Number(name)]);
    else siblings.push(Number(name));
  }
  const tree = [root];
  // The loop sees what it appends, so it ends below the last grandchild.
  for (const pid of tree) tree.push(...(childrenOf.get(pid) ?? []));
  return tree;
}

/** /proc/PID/schedstat is of the main thread alone: Node also runs V8's and libuv's threads. */
function scheduledNsOf(pid: number): number {
  let ns = 0;
  for (const thread of listOrEmpty(`/proc/${pid}/task`)) {
    ns += Number(readOrEmpty(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]);
  }
  return ns;
}

/** The fields after the command, which may itself hold spaces and parentheses. */
function statOf(pid: number): string[] | undefined {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** A process may end between the listing and the reading: then it has nothing to say. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function listOrEmpty(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
