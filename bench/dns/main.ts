import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Outcome } from './client.ts';
import { CONTESTANTS, type ContestantName } from './contestants.ts';
import { hasNsd, pinned, startNsd } from './nsd.ts';

// node dist/bench/dns/main.js [ROUNDS [CLIENT_CPU SERVER_CPU]]
// Queries per CPU second of the client, beside node:dns, against NSD on the loopback. Rounds are
// interleaved: each asks every contestant once, the ratio is to node:dns of the same round. One query
// at a time, waking a processor that sleeps is most of the cost: with processors given, it is known
// whether that is counted.

const ROUNDS = 5;
const CLIENT_MS_MAX = 120_000;
const OURS: readonly ContestantName[] = CONTESTANTS.filter((name) => name !== 'node:dns');

type Plan = {
  readonly scenario: string;
  readonly count: number;
  readonly contestants: readonly ContestantName[];
  readonly rounds: number;
};

function plansOf(rounds: number): readonly Plan[] {
  return [
    { scenario: 'miss-64', count: 100_000, contestants: CONTESTANTS, rounds },
    { scenario: 'miss-1', count: 160_000, contestants: CONTESTANTS, rounds },
    { scenario: 'cached', count: 1_000_000, contestants: OURS, rounds: 3 },
    { scenario: 'peek', count: 5_000_000, contestants: OURS, rounds: 3 },
    { scenario: 'together', count: 1_000, contestants: OURS, rounds: 3 },
    { scenario: 'memory', count: 8_000, contestants: ['sluice@node'], rounds: 3 },
  ];
}

const execute = promisify(execFile);
const [, , roundsText, clientCpu, serverCpu] = process.argv;

async function measure(name: string, { scenario, count }: Plan, port: number): Promise<Outcome> {
  const client = fileURLToPath(new URL('client.js', import.meta.url));
  const command = [process.execPath, '--expose-gc', client, name, scenario] as const;
  const [file, ...args] = pinned(clientCpu, [...command, String(port), String(count)]);
  const { stdout } = await execute(file, args, { timeout: CLIENT_MS_MAX });
  return JSON.parse(stdout) as Outcome;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

async function runPlan(plan: Plan, port: number): Promise<void> {
  const perSecond = new Map<string, number[]>(plan.contestants.map((name) => [name, []]));
  const extras = new Map<string, number[]>(plan.contestants.map((name) => [name, []]));
  for (let round = 0; round < plan.rounds; round += 1) {
    const order = round % 2 === 0 ? plan.contestants : [...plan.contestants].reverse();
    for (const name of order) {
      const { operations, cpuUs, extra } = await measure(name, plan, port);
      perSecond.get(name)?.push((operations / cpuUs) * 1e6);
      if (extra !== undefined) extras.get(name)?.push(extra);
    }
  }
  console.log(`\n${plan.scenario}, ${plan.count} operations, ${plan.rounds} rounds`);
  const base = perSecond.get('node:dns');
  for (const name of plan.contestants) {
    const rates = perSecond.get(name) ?? [];
    const ratios = base?.map((rate, round) => (rates[round] ?? Number.NaN) / rate);
    console.log(rowOf(name, rates, ratios, extras.get(name) ?? []));
  }
}

function rowOf(
  name: string,
  rates: readonly number[],
  ratios: readonly number[] | undefined,
  extras: readonly number[],
): string {
  const rate = Math.round(median(rates));
  let row = `  ${name.padEnd(16)} ${String(rate).padStart(10)} per CPU second, ${(1e6 / rate).toFixed(3)} us each`;
  if (ratios !== undefined) {
    const least = Math.min(...ratios).toFixed(2);
    const most = Math.max(...ratios).toFixed(2);
    row += `, ${median(ratios).toFixed(2)} x node:dns (${least}-${most})`;
  }
  return extras.length === 0
    ? row
    : `${row}, ${median(extras).toFixed(1)} (queries, or bytes per name)`;
}

if (!hasNsd()) console.log('skipped: the benchmark needs nsd, which is not here');
else {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-dns-'));
  const server = await startNsd(directory, serverCpu);
  try {
    const rounds = Number(roundsText ?? ROUNDS);
    for (const plan of plansOf(rounds)) await runPlan(plan, server.port);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
