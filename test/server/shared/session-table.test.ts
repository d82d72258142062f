import test from 'ava';
import { SessionTable } from '../../../src/server/shared/session-table.ts';

const at = (nowMs: number) => ({ nowMs, timeoutMs: 1000 });

test('a session ends when it has not been used for its time', (t) => {
  const table = new SessionTable(1024);
  table.use('a', 'x', true, at(0));
  t.is(table.find('a', at(1000)), 'x');
  table.use('a', 'y', false, at(1000));
  t.is(table.find('a', at(2000)), 'y', 'a use moves its end, and may move it to another server');
  t.is(table.find('a', at(2001)), '');
  t.is(table.size, 0);
});

test('what is no session does not become one by being looked up', (t) => {
  const table = new SessionTable(1024);
  table.use('a', 'x', false, at(0));
  t.is(table.find('a', at(0)), '');
});

test('a full table forgets the session that was used longest ago', (t) => {
  const table = new SessionTable(3 * 128);
  for (const name of ['a', 'b', 'c']) table.use(name, name, true, at(0));
  table.use('a', 'a', false, at(1));
  t.is(table.size, 3);
  table.use('d', 'd', true, at(1));
  t.is(table.size, 3);
  t.is(table.find('b', at(1)), '');
  t.is(table.find('a', at(1)), 'a');
});
