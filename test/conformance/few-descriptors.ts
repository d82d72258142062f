import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { acceptRules, DESCRIPTORS_RULE } from './accept.ts';
import type { Fixture } from './fixture.ts';
import { FEW_DESCRIPTORS } from './real-site.ts';
import { type Rule, runRule } from './run.ts';

const DESCRIPTORS = 128;
const LIMITED = `ulimit -n ${DESCRIPTORS} && exec "$0" "$@"`;

/** Runs the rule about descriptors here: for the main module of a process that has few. */
export async function runWithFewDescriptors(fixture: Fixture<ProactorPort>): Promise<void> {
  const { failures } = await runRule(fixture, acceptRules[DESCRIPTORS_RULE] as Rule);
  process.stdout.write(JSON.stringify(failures), () => process.exit());
}

/** Runs `module` in a process that may have 128 descriptors; gives what failed there. */
export async function failuresOf(module: URL): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    'sh',
    ['-c', LIMITED, process.execPath, '--enable-source-maps', fileURLToPath(module)],
    { env: { ...process.env, [FEW_DESCRIPTORS]: '1' }, timeout: 20_000 },
  );
  return JSON.parse(stdout);
}
