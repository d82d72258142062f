import { writeSync } from 'node:fs';
import test from 'ava';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import { real } from './uring-rule.ts';

// Undocumented in koffi, though typed: without it, or with another meaning, a port hears of no
// completion while Node waits, and every rule of the conformance suite fails by waiting in vain.
test('koffi’s node.poll calls inside Node’s loop while a descriptor is readable', async (t) => {
  const fd = real.eventfd();
  const count = new BigUint64Array([1n]);
  let calls = 0;
  const handle = loadKoffi('io-uring').node.poll(fd, { readable: true }, () => {
    calls += 1;
    if (calls === 2) real.drainEventfd(fd); // Level triggered: the second call comes by itself.
  });
  await new Promise(setImmediate);
  t.is(calls, 0);
  writeSync(fd, new Uint8Array(count.buffer));
  while (calls < 2) await new Promise(setImmediate);
  for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
  t.is(calls, 2);
  handle.close();
  real.close(fd);
});
