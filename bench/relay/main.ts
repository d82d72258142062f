import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingTool } from '../proxy/machine.ts';
import { endAll, isEnding } from '../proxy/processes.ts';
import { type Options, readArguments, USAGE } from './arguments.ts';
import { measureCalls, measureScenarios, openStage } from './plan.ts';
import { SCENARIOS } from './scenarios.ts';

// node dist/bench/relay/main.js --help
// Ends with 0 when every row is valid, also where a tool is missing and nothing is measured.

const CONTESTANTS_MAX = 8;
const directory = mkdtempSync(join(tmpdir(), 'sluice-relay-'));

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

/** Twice what the plan needs, and a minute. */
function timeoutSecondsOf({ timeoutS, warmupS, pairs, durationS }: Options): number {
  const rowS = 2 * (warmupS + 2 + pairs * (durationS + 2)) + 10;
  return timeoutS ?? 60 + 2 * CONTESTANTS_MAX * SCENARIOS.length * rowS;
}

async function main(options: Options): Promise<boolean> {
  const unknown = options.scenarios.find((name) => !SCENARIOS.some((one) => one.name === name));
  if (unknown !== undefined) {
    throw new Error(`there is no scenario ${unknown}; known: ${SCENARIOS.map(({ name }) => name)}`);
  }
  const stage = await openStage(directory, options.pin && cpus().length > 1);
  const { strace } = options;
  return strace === undefined
    ? measureScenarios(options, stage)
    : measureCalls(strace, options, stage);
}

try {
  const options = readArguments(process.argv.slice(2));
  const tools = ['taskset', 'setpriv', ...(options?.strace ? ['strace'] : [])];
  const missing = process.platform === 'linux' ? missingTool(tools) : 'Linux and its /proc';
  if (options === undefined) {
    console.log(USAGE);
  } else if (missing !== undefined) {
    console.log(`skipped: the relay benchmark needs ${missing}, which is not here`);
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
