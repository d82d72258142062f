import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { makeSharedMemory, mapSharedMemory } from '../../../adapters/linux/shared-memory.ts';
import { ZoneLock } from '../../../src/server/shared/zone-lock.ts';
import { whyNoEpoll } from '../../support/real-ports.ts';

const PROGRAM = fileURLToPath(new URL('./shared-memory-program.js', import.meta.url));
const linuxTest = whyNoEpoll === undefined ? test : test.skip;
const BYTES = 4096;
const COUNTER = 20;
const TURNS = 200_000;

/** Memory, as this process sees it, and how others get it. */
function memory(t: ExecutionContext): { descriptor: number; words: Int32Array } {
  const descriptor = makeSharedMemory('test', BYTES);
  t.teardown(() => closeSync(descriptor));
  return { descriptor, words: new Int32Array(mapSharedMemory(descriptor, BYTES).buffer) };
}

function start(t: ExecutionContext, descriptor: number, ...args: readonly number[]): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, '3', String(BYTES), ...args.map(String)], {
    stdio: ['ignore', 'inherit', 'inherit', descriptor],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (status) => resolve(status)));
}

linuxTest('memory is zeros, and what one view writes the others read', (t) => {
  const { descriptor, words } = memory(t);
  const other = new Int32Array(mapSharedMemory(descriptor, BYTES).buffer);
  t.true(words.every((word) => word === 0));
  words[3] = 7;
  t.is(other[3], 7);
});

linuxTest('memory that is not there cannot be mapped', (t) => {
  t.throws(() => mapSharedMemory(1 << 20, BYTES), { message: /^mmap\(\) failed/ });
});

linuxTest('what processes change under the lock of a zone is changed one by one', async (t) => {
  const { descriptor, words } = memory(t);
  const children = [0, 1, 2].map((slot) => start(t, descriptor, slot, TURNS));
  t.deepEqual(await Promise.all(children.map(ended)), [0, 0, 0]);
  t.is(words[COUNTER], 3 * TURNS);
  t.is(words[0], 0);
});

linuxTest('the lock of a process that was killed is taken over', async (t) => {
  const { descriptor, words } = memory(t);
  await ended(start(t, descriptor, 5, 1, 1));
  t.is(words[COUNTER], 1);
  const seen = { buffer: words.buffer, slots: 8, slot: 8, originMs: 0, pause: () => {} };
  const lock = new ZoneLock(seen);
  t.false(lock.take());
  t.false(lock.takeFrom(4));
  t.true(lock.takeFrom(5));
  lock.free();
  t.true(lock.take());
});
