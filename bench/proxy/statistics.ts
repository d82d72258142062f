import type { Pair, Run } from './pairs.ts';

export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** The line of one contestant in one scenario: medians over its runs. */
export type Summary = {
  readonly usPerRequest: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly invalid: readonly string[];
};

/** The middle of the figures and how far they reach. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const half = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** CPU per request in units of nginx's, pair by pair, so that both halves saw the same machine. */
export function ratioToNginx(pairs: readonly Pair[]): Spread {
  return spreadOf(pairs.map((pair) => pair.contestant.usPerRequest / pair.nginx.usPerRequest));
}

/** Medians of runs that may differ by one that the machine disturbed. */
export function summaryOf(runs: readonly Run[]): Summary {
  const median = (figure: (run: Run) => number): number => spreadOf(runs.map(figure)).median;
  return {
    usPerRequest: median((run) => run.usPerRequest),
    userUs: median((run) => run.cpu.userNs / 1000 / run.requests),
    systemUs: median((run) => run.cpu.systemNs / 1000 / run.requests),
    requestsPerSecond: median((run) => run.requestsPerSecond),
    p99Ms: median((run) => run.load.p99Us / 1000),
    invalid: [...new Set(runs.flatMap((run) => run.invalid))],
  };
}
