import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { REAL_PORTS } from '../support/real-ports.ts';

const run = promisify(execFile);
const hasStrace = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0;
const straceTest = hasStrace ? test : test.skip;
if (!hasStrace)
  test('strace is not here, or may not trace: its tests are skipped', (t) => t.pass());

/** Sizes of the writes to TCP sockets that the program makes, in order; the client's comes first. */
async function writes(what: string, adapter: string): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-strace-'));
  const file = join(folder, 'trace');
  const program = fileURLToPath(new URL('./gather-program.js', import.meta.url));
  const trace = ['-f', '-yy', '-e', 'trace=write,writev,sendmsg,sendto', '-o', file];
  try {
    await run('strace', [...trace, process.execPath, program, what, adapter], { timeout: 20_000 });
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines
      .filter((line) => line.includes('<TCP'))
      .map((line) => Number(line.match(/= (\d+)/)?.[1]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// What io_uring writes is no system call, and strace does not see it: its own tests count requests.
for (const adapter of Object.keys(REAL_PORTS).filter((name) => name !== 'io-uring')) {
  straceTest(
    `64 pipelined requests that are answered at once leave in one write (${adapter})`,
    async (t) => {
      const [asked = 0, ...answers] = await writes('answers', adapter);
      t.log(`asked with ${asked} bytes, answered with ${answers.join(' + ')}`);
      t.is(answers.length, 1);
    },
  );

  straceTest(`3000 small sends of one turn leave in at most 3 writes (${adapter})`, async (t) => {
    const [, ...sent] = await writes('buffers', adapter);
    t.log(`3000 buffers of 10 bytes left in ${sent.length} writes: ${sent.join(' + ')} bytes`);
    t.true(sent.length <= 3);
    t.is(
      sent.reduce((sum, bytes) => sum + bytes),
      30_000,
    );
  });
}
