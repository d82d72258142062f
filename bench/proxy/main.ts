import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Options, readArguments, USAGE } from './arguments.ts';
import { missingTool } from './machine.ts';
import { measureCalls, measureScenarios } from './plan.ts';
import { endAll, isEnding } from './processes.ts';
import { IDLE, SCENARIOS } from './scenarios.ts';
import { openStage } from './service.ts';

// node dist/bench/proxy/main.js --help
// Ends with 0 when every row is valid, also where a tool is missing and nothing is measured.

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));

async function cleanUp(): Promise<void> {
  await endAll();
  rmSync(directory, { recursive: true, force: true });
}

async function giveUp(reason: string, code: number): Promise<void> {
  console.error(`\n${reason}`);
  process.exitCode = code;
  await cleanUp();
  process.exit(code);
}

/** Twice what the plan needs, and a minute: late enough for a slow machine, sure to come. */
function timeoutSecondsOf(options: Options): number {
  const contestants = Math.max(options.contestants.length, 8) + options.added.size;
  const scenarioS = 2 * (options.warmupS + options.pairs * (options.durationS + 2)) + 30;
  return options.timeoutS ?? 60 + 2 * contestants * (SCENARIOS.length * scenarioS + 60);
}

async function main(options: Options): Promise<boolean> {
  const stage = await openStage(directory, options.pin && cpus().length > 1, options.accessLog);
  const { strace } = options;
  return strace === undefined
    ? measureScenarios(options, stage)
    : measureCalls(strace, options, stage);
}

function readOptions(): Options | undefined {
  const options = readArguments(process.argv.slice(2));
  if (options === undefined) return undefined;
  const known = [...SCENARIOS.map(({ name }) => name), IDLE];
  const unknown = options.scenarios.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}; known: ${known}`);
  if (options.strace !== undefined && options.scenarios.includes(IDLE)) {
    throw new Error('strace counts calls per request, idle has none');
  }
  if (!existsSync('bench/proxy/contestants')) throw new Error('run it from the repository');
  return options;
}

try {
  const options = readOptions();
  const tools = ['nginx', 'wrk', 'taskset', 'setpriv', ...(options?.strace ? ['strace'] : [])];
  const missing = process.platform === 'linux' ? missingTool(tools) : 'Linux and its /proc';
  if (options === undefined) {
    console.log(USAGE);
  } else if (missing !== undefined) {
    console.log(`skipped: the whole-proxy benchmark needs ${missing}, which is not here`);
  } else {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => void giveUp(`${signal}: cleaning up`, 130));
    }
    const seconds = timeoutSecondsOf(options);
    setTimeout(() => void giveUp(`given up after ${seconds} s`, 1), seconds * 1000).unref();
    process.exitCode = (await main(options)) ? 0 : 1;
  }
} catch (error) {
  if (!isEnding()) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
} finally {
  await cleanUp();
}
