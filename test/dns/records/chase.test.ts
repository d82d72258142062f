import test from 'ava';
import type { Found } from '../../../src/dns/records/found.ts';
import { TYPE } from '../../../src/dns/wire/record-type.ts';
import { alias, answer, failure, key, negative, RecordWorld } from './record-world.ts';

/** Answers every question with an alias of `links` links to the next name: `n0`, `n1`, … */
function chain(world: RecordWorld, messages: number, links: number): Found | undefined {
  const { told } = world.call('n0');
  for (let i = 1; i <= messages; i += 1) {
    if (world.exchanger.open.length === 0) break;
    world.reply(alias(`n${i}`, 60, { links }));
  }
  if (world.exchanger.open.length > 0) world.reply(answer(60, { canonical: key('end') }));
  return told[0];
}

test('a chain that leaves its message is followed by questions of our own', (t) => {
  const world = new RecordWorld();
  const { told } = world.call('a.example', { type: TYPE.AAAA, ms: 5_000 });
  world.reply(alias('b.example', 60));
  const [first, second] = world.exchanger.asked;
  t.like(second, { name: key('b.example'), type: TYPE.AAAA });
  t.is(second?.deadlineMs, first?.deadlineMs, 'one deadline for all links');
  world.reply(answer(300, { canonical: key('c.example'), links: 1 }));
  t.like(told, [{ kind: 'records', canonical: key('c.example'), expiresAtMs: 60_000 }]);
});

test('case 10: eight links are followed, over messages or within', (t) => {
  t.like(chain(new RecordWorld(), 8, 1), { kind: 'records', canonical: key('end') });
  t.like(chain(new RecordWorld(), 2, 4), { kind: 'records' });
});

test('case 10: nine links are a failure, as are 60', (t) => {
  t.like(chain(new RecordWorld(), 9, 1), { kind: 'failure', code: 'ESERVFAIL' });
  t.like(chain(new RecordWorld(), 3, 3), { kind: 'failure', code: 'ESERVFAIL' });
  const world = new RecordWorld();
  t.like(chain(world, 60, 1), { kind: 'failure', code: 'ESERVFAIL' });
  t.is(world.questions, 9);
});

test('case 10: the links of the last message count as well', (t) => {
  const world = new RecordWorld();
  const { told } = world.call();
  world.reply(alias('b.example', 60, { links: 7 }));
  world.reply(answer(60, { links: 2 }));
  t.like(told, [{ kind: 'failure', code: 'ESERVFAIL' }]);
});

test('case 10: the links of what is kept count as well', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60, { links: 8 }), 'b.example');
  const { told } = world.call();
  world.reply(alias('b.example', 60));
  t.like(told, [{ kind: 'failure', code: 'ESERVFAIL' }]);
});

test('case 10: a loop over two messages is a failure', (t) => {
  const world = new RecordWorld();
  const { told } = world.call();
  world.reply(alias('b.example', 60));
  world.reply(alias('a.example', 60));
  t.like(told, [{ kind: 'failure', code: 'ESERVFAIL' }]);
  t.is(world.questions, 2);
});

test('case 10: an alias to itself is a failure', (t) => {
  const world = new RecordWorld();
  t.like(world.learn(alias('a.example', 60)), { kind: 'failure', code: 'ESERVFAIL' });
});

test('a loop is kept as any other failure', (t) => {
  const world = new RecordWorld();
  world.learn(alias('a.example', 60));
  t.like(world.found(), { kind: 'failure', code: 'ESERVFAIL' });
  t.is(world.questions, 1);
});

test('what is kept of a target is used, with the time that it has left', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60, { canonical: key('b.example') }), 'b.example');
  world.pass(20_000);
  const { told } = world.call();
  world.reply(alias('b.example', 300));
  t.like(told, [{ kind: 'records', source: 'network', expiresAtMs: 60_000 }]);
  t.is(world.questions, 2);
});

test('a target that is known not to exist, or failed a moment ago, is not asked for', (t) => {
  const world = new RecordWorld();
  world.learn(negative('nxdomain', 60, { canonical: key('gone') }), 'gone');
  world.learn(failure('EREFUSED'), 'bad');
  const gone = world.call('a.example');
  world.reply(alias('gone', 300));
  t.like(gone.told, [{ kind: 'nxdomain', canonical: key('gone'), expiresAtMs: 60_000 }]);
  const bad = world.call('b.example');
  world.reply(alias('bad', 300));
  t.like(bad.told, [{ kind: 'failure', code: 'EREFUSED' }]);
});

test('a refresh asks for the target as well, whatever is kept', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60), 'b.example');
  world.call('a.example', { mode: 'refresh' });
  world.reply(alias('b.example', 300));
  t.like(world.exchanger.open, [{ name: key('b.example') }]);
});

test('the answer about a target is kept for those who ask for it by name', (t) => {
  const world = new RecordWorld();
  world.call();
  world.reply(alias('b.example', 5));
  world.reply(negative('nxdomain', 60, { canonical: key('b.example') }));
  t.like(world.peek('a.example'), { kind: 'nxdomain', expiresAtMs: 5_000 });
  t.like(world.peek('b.example'), { kind: 'nxdomain', expiresAtMs: 60_000 });
});

test('a negative answer behind an alias without a SOA record stays without a TTL', (t) => {
  const world = new RecordWorld();
  const { told } = world.call();
  world.reply(alias('b.example', 300));
  world.reply(negative('nodata', undefined, { canonical: key('b.example') }));
  t.like(told, [{ kind: 'nodata', expiresAtMs: 1_000 }]);
});

test('only a chain that is authenticated link by link is authenticated', (t) => {
  for (const [link, end] of [
    [true, true],
    [true, false],
    [false, true],
  ] as const) {
    const world = new RecordWorld();
    const { told } = world.call();
    world.reply(alias('b.example', 60, { authenticated: link }));
    world.reply(answer(60, { authenticated: end }));
    t.like(told, [{ authenticated: link && end }]);
  }
});

test('a caller who leaves ends the question about the target', (t) => {
  const world = new RecordWorld();
  const { search } = world.call();
  world.reply(alias('b.example', 60));
  search.cancel();
  t.true(world.exchanger.asked[1]?.cancelled);
  t.is(world.records.flights, 0);
});
