import type { Options } from './arguments.ts';
import type { IdleMemory } from './idle.ts';
import type { Machine } from './machine.ts';
import type { Pair, Run } from './pairs.ts';
import { ratioToNginx, type Summary, summaryOf } from './statistics.ts';
import { table } from './table.ts';

/** More of the machine than this in other hands, and a row says so. */
const DISTURBED = 0.1;

/** What became of one contestant in one scenario. */
export type Row =
  | { readonly name: string; readonly kind: 'pairs'; readonly pairs: readonly Pair[] }
  | { readonly name: string; readonly kind: 'idle'; readonly idle: IdleMemory }
  | { readonly name: string; readonly kind: 'failed' | 'skipped'; readonly reason: string };

export type Result = {
  readonly scenario: string;
  readonly title: string;
  readonly rows: readonly Row[];
};

/** The machine, the versions and the plan, so that a copied table still says what it is. */
export function header(machine: Machine, options: Options): string {
  const { pairs, durationS, warmupS, connections, pin, accessLog } = options;
  return [
    `${machine.cpu}, Linux ${machine.kernel} (TCP ${machine.congestion}), Node ${machine.node}, nginx ${machine.nginx}, wrk ${machine.wrk}`,
    `${pairs} pairs ABBA of ${durationS} s with ${connections} connections after ${warmupS} s of warm-up, ${
      pin ? 'proxy on cpu 0, wrk and upstream on cpu 1' : 'not pinned'
    }; access log ${accessLog ? 'to a file, combined' : 'off'}; ${machine.date}`,
    'CPU us per request of the whole process tree; medians; p99 is that of a saturated proxy',
  ].join('\n');
}

/** One scenario as a plain table. */
export function render(result: Result): string {
  const title = `\n${result.scenario}: ${result.title}`;
  const isIdle = result.rows.some((row) => row.kind === 'idle');
  return `${title}\n${isIdle ? idleTable(result.rows) : pairTable(result.rows)}`;
}

/** True when every contestant that could take part gave a figure that can be used. */
export function isValid(result: Result): boolean {
  return result.rows.every((row) => row.kind === 'skipped' || objectionsOf(row).length === 0);
}

function pairTable(rows: readonly Row[]): string {
  const head = ['', 'CPU us', 'user', 'system', 'x nginx', 'min-max', 'req/s', 'p99 ms', ''];
  // nginx ran beside each contestant: its own line is the middle of all those runs.
  const nginxRuns = rows.flatMap((row) => (row.kind === 'pairs' ? row.pairs : []));
  const nginx = nginxRuns.map((pair) => pair.nginx);
  const lines = nginx.length > 0 ? [figures('nginx', nginx, ['1.00', ''])] : [];
  return table([head, ...lines, ...rows.map(pairLine)]);
}

function pairLine(row: Row): string[] {
  if (row.kind !== 'pairs') return withoutFigures(row, 7);
  const { median, min, max } = ratioToNginx(row.pairs);
  const ratio = [median.toFixed(2), `${min.toFixed(2)}-${max.toFixed(2)}`];
  return figures(
    row.name,
    row.pairs.map((pair) => pair.contestant),
    ratio,
  );
}

function figures(name: string, runs: readonly Run[], ratio: readonly string[]): string[] {
  const summary: Summary = summaryOf(runs);
  return [
    name,
    summary.usPerRequest.toFixed(1),
    summary.userUs.toFixed(1),
    summary.systemUs.toFixed(1),
    ...ratio,
    summary.requestsPerSecond.toFixed(0),
    summary.p99Ms.toFixed(1),
    [...invalid(summary.invalid), ...connecting(runs), ...disturbances(runs)].join('; '),
  ];
}

function idleTable(rows: readonly Row[]): string {
  const head = ['', 'connections', 'bytes each', 'base MB', 'with MB', ''];
  const lines = rows.map((row) => {
    if (row.kind !== 'idle') return withoutFigures(row, 4);
    const { connections, baseBytes, bytes, bytesPerConnection } = row.idle;
    return [
      row.name,
      String(connections),
      bytesPerConnection.toFixed(0),
      (baseBytes / 1e6).toFixed(1),
      (bytes / 1e6).toFixed(1),
      invalid(row.idle.invalid).join('; '),
    ];
  });
  return table([head, ...lines]);
}

function objectionsOf(row: Row): readonly string[] {
  if (row.kind === 'pairs') {
    return row.pairs.flatMap((pair) => [...pair.contestant.invalid, ...pair.nginx.invalid]);
  }
  return row.kind === 'idle' ? row.idle.invalid : [row.reason];
}

function invalid(reasons: readonly string[]): string[] {
  return reasons.length === 0 ? [] : [`INVALID: ${reasons.join('; ')}`];
}

function connecting(runs: readonly Run[]): string[] {
  const each = runs.some((run) => run.upstreamConnections > run.requests / 2);
  return each ? ['opens an upstream connection per request'] : [];
}

function disturbances(runs: readonly Run[]): string[] {
  const worst = Math.max(...runs.map(({ machine }) => machine.foreign + machine.steal));
  return worst > DISTURBED ? [`others used up to ${Math.round(worst * 100)} % of the CPUs`] : [];
}

function withoutFigures(row: Row, columns: number): string[] {
  const reason = row.kind === 'failed' || row.kind === 'skipped' ? row.reason : '';
  return [row.name, ...Array<string>(columns).fill('-'), `${row.kind}: ${reason}`];
}
