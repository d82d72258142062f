import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { TYPE } from '../../../src/dns/wire/record-type.ts';
import { answer, key, RecordWorld } from './record-world.ts';

/** Of a name with two addresses, everything included. */
const BYTES_PER_NAME_MAX = 1_024;
const NAMES = 10_000;

function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

/** A string of its own, as from a message: not one that many share. */
function text(value: string): string {
  return Buffer.from(value, 'latin1').toString('latin1');
}

function filled(): RecordWorld {
  const world = new RecordWorld();
  for (let i = 0; i < NAMES; i += 1) {
    const canonical = text(key(`some-host-${i}.example.com`));
    const data = [text(`192.0.${i % 256}.${i >> 8}`), text(`198.51.${i % 256}.${i >> 8}`)];
    world.records.find(canonical, TYPE.A, 1_000, 'use', () => {});
    world.reply(answer(3_600, { canonical, data }));
    world.exchanger.asked.length = 0;
  }
  world.pass(0);
  return world;
}

test('a name with two addresses takes 1 KB at most', (t) => {
  filled();
  const before = usedHeap();
  const world = filled();
  const bytes = (usedHeap() - before) / NAMES;
  t.is(world.records.stats.entries, NAMES);
  t.true(bytes < BYTES_PER_NAME_MAX, `${Math.round(bytes)} bytes`);
  t.log(`${Math.round(bytes)} bytes`);
});

test('a hit allocates nothing', (t) => {
  const world = filled();
  const names = Array.from({ length: 100 }, (_, i) => text(key(`some-host-${i}.example.com`)));
  const peek = (times: number): number => {
    let found = 0;
    for (let i = 0; i < times; i += 1) {
      if (world.records.peek(names[i % 100] as string, TYPE.A) !== undefined) found += 1;
    }
    return found;
  };
  peek(100_000);
  usedHeap();
  const before = process.memoryUsage().heapUsed;
  t.is(peek(1_000_000), 1_000_000);
  const bytes = process.memoryUsage().heapUsed - before;
  t.true(bytes < 1_000_000, `${bytes} bytes for a million hits`);
});
