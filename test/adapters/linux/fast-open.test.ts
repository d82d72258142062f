import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { whyNoEpoll, whyNoIoUring } from '../../support/real-ports.ts';
import type { FastOpenRun } from './fast-open-program.ts';

const PROGRAM = fileURLToPath(new URL('./fast-open-program.js', import.meta.url));
/** A network of its own, in which both sides may use fast open (bits 0 and 1). */
const SET_UP = 'ip link set lo up && echo 3 > /proc/sys/net/ipv4/tcp_fastopen';

const IS_ROOT = process.geteuid?.() === 0;

const whyNoNamespace = reasonAgainst();

function inNamespace(command: string): string[] {
  const who = IS_ROOT ? [] : ['--map-root-user'];
  return ['--net', ...who, 'sh', '-c', `${SET_UP} && ${command}`];
}

function reasonAgainst(): string | undefined {
  try {
    execFileSync('unshare', inNamespace('ip tcp_metrics show'), { timeout: 5_000, stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `no network namespace of its own: ${String(error).split('\n')[0]}`;
  }
}

for (const [adapter, missing] of [
  ['epoll', whyNoEpoll],
  ['io-uring', whyNoIoUring],
] as const) {
  const reason = missing ?? whyNoNamespace;
  const title = `${adapter}: the first send goes with the SYN once there is a cookie`;
  const declare = reason === undefined ? test : test.skip;
  declare(reason === undefined ? title : `${title} (${reason})`, async (t) => {
    const command = `'${process.execPath}' '${PROGRAM}' ${adapter} ${IS_ROOT ? 'root' : ''}`;
    const { stdout } = await promisify(execFile)('unshare', inNamespace(command), {
      timeout: 30_000,
    });
    const { withData, heard, refused } = JSON.parse(stdout) as FastOpenRun;
    t.deepEqual(heard, ['first', 'early', 'late'], 'the bytes come in any case');
    t.deepEqual(withData, [0, 1, IS_ROOT ? 0 : 1], 'with the SYN only where there is a cookie');
    t.true(
      refused.some((how) => /refused/.test(how)),
      refused.join('; '),
    );
  });
}
