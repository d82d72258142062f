import { existsSync, readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { cpuTimesOf } from './process-tree.ts';
import { runTool } from './processes.ts';

const TOOL_MS_MAX = 5000;

/** What a figure depends on besides the contestants; printed above the tables and kept as JSON. */
export type Machine = Readonly<
  Record<'cpu' | 'kernel' | 'congestion' | 'node' | 'nginx' | 'wrk' | 'date', string>
>;

/** CPU time in ticks of 10 ms: of the whole machine, and the part that this harness caused. */
export type MachineTicks = {
  readonly all: number;
  readonly busy: number;
  readonly steal: number;
  readonly ours: number;
};

/** Shares of the machine's time during a run, 0 to 1, that were neither ours nor idle. */
export type Disturbance = { readonly foreign: number; readonly steal: number };

/** The first of the commands that is not installed. */
export function missingTool(names: readonly string[]): string | undefined {
  const folders = `${process.env.PATH}:/usr/sbin`.split(':');
  return names.find((name) => !folders.some((folder) => existsSync(`${folder}/${name}`)));
}

/** Where it paces what is sent, as BBR does, the loopback's large bodies are bound by its timers. */
function congestionControl(): string {
  const file = '/proc/sys/net/ipv4/tcp_congestion_control';
  return existsSync(file) ? readFileSync(file, 'latin1').trim() : 'unknown';
}

/** Asks the tools for their versions. */
export async function describeMachine(): Promise<Machine> {
  const nginx = await runTool(['nginx', '-v'], TOOL_MS_MAX);
  const wrk = await runTool(['wrk', '-v'], TOOL_MS_MAX);
  return {
    cpu: `${cpus().length} x ${cpus()[0]?.model.trim()}`,
    kernel: release(),
    congestion: congestionControl(),
    node: process.version,
    nginx: /nginx\/(\S+)/.exec(nginx.stderr)?.[1] ?? 'unknown',
    wrk: /^wrk (\S+)/.exec(wrk.stdout)?.[1] ?? 'unknown',
    date: new Date().toISOString(),
  };
}

/** Reads the machine's clocks. Children that ended count as ours, as we have waited for them. */
export function machineTicks(): MachineTicks {
  const line = readFileSync('/proc/stat', 'latin1').split('\n')[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user + nice + system + irq + soft;
  const { userTicks, systemTicks } = cpuTimesOf(process.pid);
  return { all: busy + idle + wait + steal, busy, steal, ours: userTicks + systemTicks };
}

/** How much others used between two readings: a build next door moves every figure. */
export function disturbance(before: MachineTicks, after: MachineTicks): Disturbance {
  const all = after.all - before.all;
  const foreign = after.busy - before.busy - (after.ours - before.ours);
  return { foreign: Math.max(0, foreign) / all, steal: (after.steal - before.steal) / all };
}
