import { mapSharedMemory } from '../../../adapters/linux/shared-memory.ts';
import { ZoneLock } from '../../../src/server/shared/zone-lock.ts';

/** Descriptor, bytes and slot; how often it counts, and whether it ends in the midst of it. */
const [descriptor = 0, bytes = 0, slot = 0, count = 0, ends = 0] = process.argv
  .slice(2)
  .map(Number);
/** A word behind the head of a zone, which is changed by reading and writing it. */
const COUNTER = 20;

const { buffer } = mapSharedMemory(descriptor, bytes);
const words = new Int32Array(buffer);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const pause = (): void => {
  Atomics.wait(sleeper, 0, 0, 1);
};
const lock = new ZoneLock({ buffer, slots: 8, slot, originMs: 0, pause });
for (let left = count; left > 0; ) {
  if (!lock.take()) continue;
  words[COUNTER] = (words[COUNTER] as number) + 1;
  left -= 1;
  if (left === 0 && ends === 1) process.kill(process.pid, 'SIGKILL');
  lock.free();
}
