import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './processes.ts';
import type { Scenario } from './scenarios.ts';

/** A request that takes longer is an error; far over any latency a saturated proxy shows. */
const TIMEOUT_S = 5;
/** What wrk may need beyond its duration to connect, close and print. */
const SLACK_MS = 15_000;

/** One run as the client saw it. Latency is that of a saturated proxy: to compare, not to quote. */
export type Load = {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Error kind to count, without those that did not occur. */
  readonly errors: Readonly<Record<string, number>>;
};

export type LoadPlan = {
  readonly scenario: Scenario;
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly cpu: number | undefined;
  /** Where the script is written. */
  readonly directory: string;
};

/** Loads the proxy for the time given, over one thread: more would take cycles from the proxy. */
export async function runWrk(plan: LoadPlan): Promise<Load> {
  const script = join(plan.directory, `${plan.scenario.name}.lua`);
  writeFileSync(script, scriptOf(plan.scenario));
  const { code, stdout, stderr } = await runTool(
    [
      'wrk',
      '-t1',
      `-c${plan.connections}`,
      `-d${plan.seconds}s`,
      `--timeout=${TIMEOUT_S}s`,
      `--script=${script}`,
      `http://127.0.0.1:${plan.port}${plan.scenario.path}`,
    ],
    plan.seconds * 1000 + SLACK_MS,
    { cpu: plan.cpu },
  );
  const line = /^WRK (.*)$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`wrk ended with ${code}: ${stderr || stdout}`);
  const figures = line.split(' ').map(Number);
  const [requests = 0, bytes = 0, us = 0, p50Us = 0, p99Us = 0, ...counts] = figures;
  const errors: Record<string, number> = {};
  for (const [index, kind] of ['connect', 'read', 'write', 'status', 'timeout'].entries()) {
    if ((counts[index] ?? 0) > 0) errors[kind] = counts[index] ?? 0;
  }
  return { requests, bytes, seconds: us / 1e6, p50Us, p99Us, errors };
}

/**
 * Fields are set once and no `request` function is defined, so wrk formats the request a single
 * time and runs no Lua per request: the client's cost stays the same in all scenarios.
 */
function scriptOf(scenario: Scenario): string {
  const fields = Object.entries(scenario.fields).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}\n`,
  );
  return `${fields.join('')}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("WRK %d %d %d %d %d %d %d %d %d %d\\n",
    summary.requests, summary.bytes, summary.duration,
    latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
`;
}
