import { type Contestant, type ContestantName, freshName, makeContestant } from './contestants.ts';

// One contestant, one scenario, in a process of its own:
// node dist/bench/dns/client.js CONTESTANT SCENARIO PORT COUNT
// Prints what was done and the CPU time that it took, as JSON.

/** What a run has come to. */
export type Outcome = {
  readonly operations: number;
  readonly cpuUs: number;
  /** Of `memory`: bytes per name; of `together`: queries over the wire. */
  readonly extra?: number;
};

const WARMUP_SHARE = 0.25;
let names = 0;

/** `count` questions, `width` of them at a time. */
function askMany(contestant: Contestant, width: number, count: number): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0;
    let answered = 0;
    const next = (): void => {
      asked += 1;
      names += 1;
      contestant.ask(freshName(names), (addresses) => {
        if (addresses !== 2) throw new Error(`${addresses} addresses instead of 2`);
        answered += 1;
        if (asked < count) next();
        else if (answered === count) resolve();
      });
    };
    for (let i = 0; i < Math.min(width, count); i += 1) next();
  });
}

async function misses(contestant: Contestant, width: number, count: number): Promise<Outcome> {
  await askMany(contestant, width, Math.ceil(count * WARMUP_SHARE));
  const before = process.cpuUsage();
  await askMany(contestant, width, count);
  return { operations: count, cpuUs: cpuUs(before) };
}

function cpuUs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** One name that is kept, looked up `count` times, 64 at a time. */
function lookups({ lookup }: Contestant, count: number): Promise<void> {
  return new Promise((resolve) => {
    let begun = 0;
    let ended = 0;
    const done = (): void => {
      ended += 1;
      if (begun < count) next();
      else if (ended === count) resolve();
    };
    const next = (): void => {
      begun += 1;
      lookup?.(freshName(0), done);
    };
    for (let i = 0; i < 64; i += 1) next();
  });
}

async function cached(contestant: Contestant, count: number): Promise<Outcome> {
  await lookups(contestant, count / 4);
  const before = process.cpuUsage();
  await lookups(contestant, count);
  return { operations: count, cpuUs: cpuUs(before) };
}

async function peeks(contestant: Contestant, count: number): Promise<Outcome> {
  await lookups(contestant, 64);
  const { peek = () => 0 } = contestant;
  const name = freshName(0);
  let found = 0;
  for (let i = 0; i < count / 4; i += 1) found += peek(name);
  const before = process.cpuUsage();
  for (let i = 0; i < count; i += 1) found += peek(name);
  const taken = cpuUs(before);
  if (found === 0) throw new Error('nothing was kept');
  return { operations: count, cpuUs: taken };
}

const BURSTS = 20;

/** `count` callers at once who all want the same name, one that nobody has asked for. */
function burst({ ask }: Contestant, count: number): Promise<void> {
  names += 1;
  const name = freshName(names);
  return new Promise((resolve) => {
    let left = count;
    for (let i = 0; i < count; i += 1) {
      ask(name, () => {
        left -= 1;
        if (left === 0) resolve();
      });
    }
  });
}

async function together(contestant: Contestant, count: number): Promise<Outcome> {
  await askMany(contestant, 64, 5_000);
  for (let i = 0; i < BURSTS; i += 1) await burst(contestant, count);
  const sent = contestant.sent?.() ?? 0;
  const before = process.cpuUsage();
  for (let i = 0; i < BURSTS; i += 1) await burst(contestant, count);
  const taken = cpuUs(before);
  const extra = contestant.sent === undefined ? count : (contestant.sent() - sent) / BURSTS;
  return { operations: count * BURSTS, cpuUs: taken, extra };
}

async function memory(contestant: Contestant, count: number): Promise<Outcome> {
  await askMany(contestant, 64, 2_000);
  const heap = (): number => {
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = heap();
  const start = process.cpuUsage();
  await askMany(contestant, 64, count);
  return { operations: count, cpuUs: cpuUs(start), extra: (heap() - before) / count };
}

const SCENARIOS: Readonly<Record<string, (one: Contestant, count: number) => Promise<Outcome>>> = {
  'miss-64': (one, count) => misses(one, 64, count),
  'miss-1': (one, count) => misses(one, 1, count),
  cached,
  peek: peeks,
  together,
  memory,
};

const [name = '', scenario = '', port = '', count = ''] = process.argv.slice(2);
const run = SCENARIOS[scenario];
if (run === undefined) throw new Error(`no scenario is called '${scenario}'`);
const contestant = makeContestant(name as ContestantName, Number(port));
console.log(JSON.stringify(await run(contestant, Number(count))));
await contestant.close();
