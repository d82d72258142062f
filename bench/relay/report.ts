import { spreadOf } from '../proxy/statistics.ts';
import { table } from '../proxy/table.ts';
import type { Run } from './runs.ts';
import type { Scenario } from './scenarios.ts';

/** More of the machine than this in other hands, and a row says so. */
const DISTURBED = 0.1;

export type Pair = { readonly contestant: Run; readonly nginx: Run | undefined };

/** What became of one contestant in one scenario. */
export type Row =
  | { readonly name: string; readonly kind: 'pairs'; readonly pairs: readonly Pair[] }
  | { readonly name: string; readonly kind: 'failed' | 'skipped'; readonly reason: string };

export type Result = { readonly scenario: Scenario; readonly rows: readonly Row[] };

/** One scenario as a plain table. The ratio is of CPU time per byte, or per message: less is better. */
export function render({ scenario, rows }: Result): string {
  const bulk = scenario.messageBytes === 0;
  const figure = bulk ? ['GB/CPU s', 'us/MB', 'GB/s'] : ['us/message', '', 'messages/s'];
  const head = ['', ...figure, 'user %', 'x nginx', 'min-max', ''];
  const nginx = rows.flatMap((row) => (row.kind === 'pairs' ? row.pairs : []));
  const runs = nginx.flatMap((pair) => pair.nginx ?? []);
  const first = runs.length > 0 ? [figures('nginx', runs, ['1.00', ''], bulk)] : [];
  const lines = rows.map((row) => {
    if (row.kind !== 'pairs')
      return [row.name, ...Array(6).fill('-'), `${row.kind}: ${row.reason}`];
    const contestant = row.pairs.map((pair) => pair.contestant);
    return figures(row.name, contestant, ratios(row.pairs, bulk), bulk);
  });
  return `\n${scenario.name}: ${scenario.title}\n${table([head, ...first, ...lines])}`;
}

/** True when every contestant that could take part gave a figure that can be used. */
export function isValid({ rows }: Result): boolean {
  return rows.every((row) => {
    if (row.kind !== 'pairs') return row.kind === 'skipped';
    return row.pairs.every(({ contestant, nginx }) =>
      [contestant, nginx].every((run) => run === undefined || run.invalid.length === 0),
    );
  });
}

function ratios(pairs: readonly Pair[], bulk: boolean): string[] {
  const each = pairs.flatMap(({ contestant, nginx }) => {
    if (nginx === undefined) return [];
    const ratio = contestant.figure / nginx.figure;
    return [bulk ? 1 / ratio : ratio];
  });
  if (each.length === 0) return ['-', ''];
  const { median, min, max } = spreadOf(each);
  return [median.toFixed(2), `${min.toFixed(2)}-${max.toFixed(2)}`];
}

function figures(
  name: string,
  runs: readonly Run[],
  ratio: readonly string[],
  bulk: boolean,
): string[] {
  const median = (of: (run: Run) => number): number => spreadOf(runs.map(of)).median;
  const figure = median((run) => run.figure);
  const notes = [...new Set(runs.flatMap((run) => run.invalid))].map((why) => `INVALID: ${why}`);
  const worst = Math.max(...runs.map(({ machine }) => machine.foreign + machine.steal));
  if (worst > DISTURBED) notes.push(`others used up to ${Math.round(worst * 100)} % of the CPUs`);
  const pace = bulk
    ? median(({ load }) => load.received / load.seconds / 1e9).toFixed(2)
    : median(({ load }) => load.messages / load.seconds).toFixed(0);
  const cells = bulk ? [figure.toFixed(2), (1000 / figure).toFixed(0)] : [figure.toFixed(2), ''];
  const user = `${median(({ cpu }) => (100 * cpu.userNs) / cpu.totalNs).toFixed(0)}`;
  return [name, ...cells, pace, user, ...ratio, notes.join('; ')];
}
