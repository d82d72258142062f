import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Disturbance, disturbance, machineTicks } from '../proxy/machine.ts';
import { type CpuSpent, cpuSpent, cpuTimesOf } from '../proxy/process-tree.ts';
import { runTool } from '../proxy/processes.ts';
import type { Service, Stage } from '../proxy/service.ts';
import type { Scenario } from './scenarios.ts';

/** What the load may need beyond its duration to connect, to drain and to count. */
const SLACK_MS = 15_000;
const SETTLE_MS = 200;
/** A bound that no run of a few seconds meets. */
const BYTES_MAX = 100e9;

type Load = {
  readonly sent: number;
  readonly received: number;
  readonly messages: number;
  readonly seconds: number;
  readonly ended: boolean;
};

/** One run of one relay: what it gave on and what that cost. */
export type Run = {
  readonly load: Load;
  readonly cpu: CpuSpent;
  /** GB per second of CPU time, or microseconds of it per message. */
  readonly figure: number;
  readonly machine: Disturbance;
  readonly invalid: readonly string[];
};

/** Both ends of the relay, for as long as asked. */
export async function runLoad(
  service: Service,
  scenario: Scenario,
  seconds: number,
  stage: Stage,
): Promise<Load> {
  const script = join(import.meta.dirname, 'load.js');
  const numbers = {
    port: service.port,
    listen: stage.upstreamPort,
    connections: scenario.connections,
    message: scenario.messageBytes,
    bytes: BYTES_MAX,
    seconds,
  };
  const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const argv = [process.execPath, script, ...flags];
  const { code, stdout, stderr } = await runTool(argv, seconds * 1000 + SLACK_MS, {
    cpu: stage.loadCpu,
  });
  if (code !== 0) throw new Error(`the load ended with ${code}: ${stderr.slice(0, 300)}`);
  return JSON.parse(stdout) as Load;
}

export async function measureRun(
  service: Service,
  scenario: Scenario,
  seconds: number,
  stage: Stage,
): Promise<Run> {
  await sleep(SETTLE_MS);
  const ticksBefore = machineTicks();
  const before = cpuTimesOf(service.pid);
  const load = await runLoad(service, scenario, seconds, stage);
  await sleep(SETTLE_MS);
  const cpu = cpuSpent(before, cpuTimesOf(service.pid));
  const machine = disturbance(ticksBefore, machineTicks());
  const figure =
    scenario.messageBytes === 0 ? load.received / cpu.totalNs : cpu.totalNs / 1000 / load.messages;
  const invalid: string[] = [];
  if (!load.ended) invalid.push('an end did not come');
  if (load.sent !== load.received) invalid.push(`${load.sent} sent, ${load.received} received`);
  if (cpu.doubt !== undefined) invalid.push(cpu.doubt);
  const failure = service.failure();
  if (failure !== undefined) invalid.push(failure);
  return { load, cpu, figure, machine, invalid };
}
