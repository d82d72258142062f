import test from 'ava';
import { SharedCounters } from '../../../src/server/shared/shared-counters.ts';
import { TestMemory } from './zone-kit.ts';

const NOTHING = { accepted: 0, requests: 0, active: 0, reading: 0, writing: 0 };

function processes(): { memory: TestMemory; all: readonly SharedCounters[] } {
  const memory = new TestMemory({ id: 'connections http', kind: 'connections', bytes: 0, key: '' });
  const slots = [0, 3, 7];
  return { memory, all: slots.map((slot) => new SharedCounters(memory.seenBy(slot))) };
}

test('each process sees what all others count', (t) => {
  const [one, two, three] = processes().all as [SharedCounters, SharedCounters, SharedCounters];
  one.accepted();
  one.accepted();
  one.active = 2;
  one.asked();
  three.accepted();
  three.active = 1;
  three.doing(1, 0);
  t.deepEqual(two.others, { accepted: 3, requests: 1, active: 3, reading: 1, writing: 0 });
  t.deepEqual(one.others, { accepted: 1, requests: 0, active: 1, reading: 1, writing: 0 });
});

test('of a process that has gone only the past is left', (t) => {
  const { memory, all } = processes();
  const [one, two, three] = all as [SharedCounters, SharedCounters, SharedCounters];
  for (const counters of [one, three]) {
    counters.accepted();
    counters.asked();
    counters.active = 1;
    counters.doing(0, 1);
  }
  const care = new SharedCounters(memory.whole);
  care.left(0);
  care.left(7);
  t.deepEqual(two.others, { ...NOTHING, accepted: 2, requests: 2 });
  new SharedCounters(memory.seenBy(7)).accepted();
  t.is(two.others.accepted, 3, 'its place is free for another one');
});
