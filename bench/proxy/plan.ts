import { writeFileSync } from 'node:fs';
import type { Options } from './arguments.ts';
import { type Contestant, findContestants, NGINX, type Skipped } from './contestants.ts';
import { idleObjection, measureIdle } from './idle.ts';
import { describeMachine } from './machine.ts';
import { measurePairs } from './pairs.ts';
import { assertEqualWork } from './preflight.ts';
import { isEnding } from './processes.ts';
import { header, isValid, type Result, type Row, render } from './report.ts';
import { IDLE, SCENARIOS, type Scenario } from './scenarios.ts';
import { type Service, type Stage, startContestant } from './service.ts';
import { compareCalls } from './strace.ts';

/** Runs `work` with the services started afresh: no scenario inherits another's JIT or heap. */
async function withServices<T>(
  contestants: readonly Contestant[],
  stage: Stage,
  work: (services: readonly Service[]) => Promise<T>,
): Promise<T> {
  const services: Service[] = [];
  try {
    for (const contestant of contestants) services.push(await startContestant(contestant, stage));
    return await work(services);
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
}

async function pairRow(
  contestant: Contestant,
  scenario: Scenario,
  options: Options,
  stage: Stage,
): Promise<Row> {
  const { name } = contestant;
  const pairs = await withServices([contestant, NGINX], stage, async (services) => {
    const [subject, nginx] = services as [Service, Service];
    for (const { port } of services) await assertEqualWork(port, stage.upstreamPort, scenario);
    return measurePairs(subject, nginx, scenario, options, stage);
  });
  // nginx against itself is the control: how far apart two equal proxies come out.
  return { name: contestant === NGINX ? 'nginx again' : name, kind: 'pairs', pairs };
}

async function idleRow(contestant: Contestant, count: number, stage: Stage): Promise<Row> {
  const idle = await withServices([contestant], stage, ([service]) =>
    measureIdle(service as Service, count, stage),
  );
  return { name: contestant.name, kind: 'idle', idle };
}

/** One row for each contestant; one that fails says why and leaves the others their turn. */
async function measureAll(
  contestants: readonly Contestant[],
  skipped: readonly Skipped[],
  measure: (contestant: Contestant) => Promise<Row>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const contestant of contestants) {
    console.error(`... ${contestant.name} ${contestant.version ?? ''}`);
    try {
      rows.push(await measure(contestant));
    } catch (error) {
      if (isEnding()) throw error;
      const reason = (error as Error).message;
      rows.push({ name: contestant.name, kind: 'failed', reason });
    }
  }
  return [...rows, ...skipped.map((row): Row => ({ ...row, kind: 'skipped' }))];
}

/** Measures all that was asked for and prints each table when it is there. True if all is valid. */
export async function measureScenarios(options: Options, stage: Stage): Promise<boolean> {
  const { contestants, skipped } = await findContestants(
    options.contestants,
    options.added,
    process.cwd(),
    options.accessLog,
  );
  const others = contestants.filter((contestant) => contestant !== NGINX);
  const challengers = others.length > 0 ? others : [NGINX];
  const machine = await describeMachine();
  console.log(header(machine, options));
  const results: Result[] = [];
  const add = (result: Result): void => {
    results.push(result);
    console.log(render(result));
  };
  for (const scenario of SCENARIOS) {
    if (!isWanted(scenario.name, options)) continue;
    console.error(`${scenario.name}:`);
    const able = challengers.filter(({ servesFiles }) => servesFiles || !scenario.isFile);
    const unable = challengers.filter((contestant) => !able.includes(contestant));
    const absent = unable.map(({ name }) => ({ name, reason: 'serves no files' }));
    const rows = await measureAll(able, [...skipped, ...absent], (contestant) =>
      pairRow(contestant, scenario, options, stage),
    );
    add({ scenario: scenario.name, title: scenario.title, rows });
  }
  if (isWanted(IDLE, options)) {
    console.error('idle:');
    const objection = idleObjection(options.idleConnections);
    const rows = await measureAll([NGINX, ...others], skipped, (contestant) => {
      if (objection !== undefined) throw new Error(objection);
      return idleRow(contestant, options.idleConnections, stage);
    });
    add({ scenario: IDLE, title: 'resident memory per idle keep-alive connection', rows });
  }
  if (options.jsonFile !== undefined) {
    const versions = Object.fromEntries(contestants.map(({ name, version }) => [name, version]));
    const document = {
      machine,
      options: { ...options, added: [...options.added] },
      versions,
      results,
    };
    writeFileSync(options.jsonFile, `${JSON.stringify(document, null, 2)}\n`);
  }
  return results.every(isValid);
}

/** Prints a contestant's system calls beside nginx's, in the first of the scenarios wanted. */
export async function measureCalls(name: string, options: Options, stage: Stage): Promise<boolean> {
  const found = await findContestants([name], options.added, process.cwd(), options.accessLog);
  const reason = found.skipped[0]?.reason;
  if (reason !== undefined) throw new Error(`${name} is skipped: ${reason}`);
  const scenario = SCENARIOS.find((one) => isWanted(one.name, options)) as Scenario;
  const subjects = name === NGINX.name ? [NGINX] : [...found.contestants, NGINX];
  const report = await withServices(subjects, stage, (services) =>
    compareCalls(services, scenario, options, stage),
  );
  console.log(report);
  return true;
}

function isWanted(scenario: string, options: Options): boolean {
  return options.scenarios.length === 0 || options.scenarios.includes(scenario);
}
