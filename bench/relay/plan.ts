import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { freePort, isEnding } from '../proxy/processes.ts';
import { type Service, type Stage, startContestant } from '../proxy/service.ts';
import type { Options } from './arguments.ts';
import { type Contestant, findContestants, NGINX } from './contestants.ts';
import { assertRelays, echoOn } from './preflight.ts';
import { isValid, type Pair, type Result, type Row, render } from './report.ts';
import { measureRun, type Run, runLoad } from './runs.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { compareCalls } from './strace.ts';

/** Where things run. The upstream's port is the load's own. */
export async function openStage(directory: string, pin: boolean): Promise<Stage> {
  const upstreamPort = await freePort();
  const [proxyCpu, loadCpu] = pin ? [0, 1] : [undefined, undefined];
  return { upstreamPort, upstreamPid: 0, directory, proxyCpu, loadCpu, accessLog: false };
}

/** Runs `work` with services that were started afresh and that relay as they should. */
async function withServices<T>(
  contestants: readonly Contestant[],
  stage: Stage,
  work: (services: readonly Service[]) => Promise<T>,
): Promise<T> {
  const services: Service[] = [];
  const echo = await echoOn(stage.upstreamPort);
  try {
    for (const contestant of contestants) services.push(await startContestant(contestant, stage));
    for (const { port } of services) await assertRelays(port);
    await new Promise((resolve) => echo.close(resolve));
    return await work(services);
  } finally {
    echo.close();
    await Promise.all(services.map((service) => service.stop()));
  }
}

/** Both in turn, A B B A, so that a machine that slowly changes its speed favours neither. */
async function pairsOf(
  services: readonly Service[],
  scenario: Scenario,
  { warmupS, pairs, durationS }: Options,
  stage: Stage,
): Promise<Pair[]> {
  const [contestant, nginx] = services as [Service, Service | undefined];
  for (const service of services) await runLoad(service, scenario, warmupS, stage);
  const found: Pair[] = [];
  for (let index = 0; index < pairs; index += 1) {
    const runs = new Map<Service, Run>();
    for (const service of index % 2 === 0 ? services : [...services].reverse()) {
      runs.set(service, await measureRun(service, scenario, durationS, stage));
    }
    found.push({
      contestant: runs.get(contestant) as Run,
      nginx: nginx && runs.get(nginx),
    });
  }
  return found;
}

/** Measures all that was asked for and prints each table when it is there. True if all is valid. */
export async function measureScenarios(options: Options, stage: Stage): Promise<boolean> {
  const { contestants, skipped } = await findContestants(options.contestants);
  const nginx = contestants.filter(({ name }) => name === NGINX);
  const others = contestants.filter(({ name }) => name !== NGINX);
  const versions = contestants.map(({ name, version }) => `${name} ${version ?? ''}`.trim());
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Linux ${release()}`;
  const { pairs, durationS, warmupS, pin } = options;
  console.log(`${machine}; ${versions.join(', ')}
${pairs} pairs ABBA of ${durationS} s after ${warmupS} s of warm-up, ${
    pin ? 'relay on cpu 0, both ends on cpu 1' : 'not pinned'
  }; ${new Date().toISOString()}
CPU time of the whole process tree; medians; x nginx is CPU per byte or message, less is better`);
  const results: Result[] = [];
  for (const scenario of SCENARIOS) {
    if (!isWanted(scenario, options)) continue;
    const rows: Row[] = [];
    // nginx against itself is the control, where nothing else is measured.
    for (const contestant of others.length > 0 ? others : nginx) {
      const { name } = contestant;
      console.error(`... ${scenario.name} ${name}`);
      try {
        const work = (services: readonly Service[]): Promise<Pair[]> =>
          pairsOf(services, scenario, options, stage);
        const found = await withServices([contestant, ...nginx], stage, work);
        rows.push({ name, kind: 'pairs', pairs: found });
      } catch (error) {
        if (isEnding()) throw error;
        rows.push({ name, kind: 'failed', reason: (error as Error).message });
      }
    }
    const result = {
      scenario,
      rows: [...rows, ...skipped.map((row): Row => ({ ...row, kind: 'skipped' }))],
    };
    results.push(result);
    console.log(render(result));
  }
  if (options.jsonFile !== undefined) {
    const document = { machine, options, versions, results };
    writeFileSync(options.jsonFile, `${JSON.stringify(document, null, 2)}\n`);
  }
  return results.every(isValid);
}

/** Prints a contestant's system calls beside nginx's, in the first of the scenarios wanted. */
export async function measureCalls(name: string, options: Options, stage: Stage): Promise<boolean> {
  const { contestants, skipped } = await findContestants([name]);
  for (const one of skipped) console.log(`skipped: ${one.name}: ${one.reason}`);
  const scenario = SCENARIOS.find((one) => isWanted(one, options)) as Scenario;
  console.log(
    await withServices(contestants, stage, (services) =>
      compareCalls(services, scenario, options.durationS, stage),
    ),
  );
  return true;
}

function isWanted({ name }: Scenario, { scenarios }: Options): boolean {
  return scenarios.length === 0 || scenarios.includes(name);
}
