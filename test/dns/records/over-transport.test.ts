import test from 'ava';
import type { Found } from '../../../src/dns/records/found.ts';
import type { RecordOptions } from '../../../src/dns/records/record-settings.ts';
import { Records } from '../../../src/dns/records/records.ts';
import { nameKey } from '../../../src/dns/wire/name.ts';
import { TYPE } from '../../../src/dns/wire/record-type.ts';
import {
  answering,
  type Query,
  refusing,
  reply,
  type Script,
  silent,
} from '../../support/name-server.ts';
import { playSim, type SimScene, sleep } from '../transport/transport-world.ts';

/** Of what `reply` writes. */
const TTL_MS = 60_000;
const SERVFAIL = 2;

type Scene = SimScene & {
  readonly records: Records;
  find(name: string, ms?: number): Promise<Found>;
  setScripts(script: Script): void;
};

/** Records over servers on a simulated network; at the end nothing may be left. */
async function play(
  t: Parameters<typeof playSim>[0],
  scripts: readonly Script[],
  body: (scene: Scene) => Promise<void>,
  options: RecordOptions = {},
): Promise<void> {
  await playSim(t, scripts, {}, async (scene) => {
    const { port, transport, servers } = scene;
    const records = new Records(port, transport, options);
    const find = (name: string, ms = 10_000): Promise<Found> =>
      new Promise((resolve) => {
        records.find(nameKey(name), TYPE.A, port.loop.nowMs() + ms, 'use', resolve);
      });
    const setScripts = (script: Script): void => {
      for (const server of servers) server.script = script;
    };
    await body({ ...scene, records, find, setScripts });
    records.close();
    t.is(records.waiters, 0);
  });
}

/** `query`'s name is another name for `target`. */
function aliasTo(query: Query, target: string, ttl: number): Buffer {
  const data = Buffer.from(nameKey(target), 'latin1');
  const message = Buffer.concat([
    reply(query),
    Buffer.from([0xc0, 12, 0, TYPE.CNAME, 0, 1, 0, 0, 0, ttl, 0, data.length]),
    data,
  ]);
  message.writeUInt16BE(1, 6); // ANCOUNT
  return message;
}

test('case 11: 500 callers over a network are one query', (t) =>
  play(t, [answering('192.0.2.80')], async ({ find, servers }) => {
    const found = await Promise.all(Array.from({ length: 500 }, () => find('a.test')));
    t.true(found.every((one) => one.kind === 'records' && one.data[0] === '192.0.2.80'));
    t.is(servers[0]?.queries.length, 1);
  }));

test('case 54: when the servers have gone silent, stale records come after 1.8 s', (t) =>
  play(t, [answering('192.0.2.80'), answering('192.0.2.80')], async (scene) => {
    const { find, setScripts, port } = scene;
    await find('a.test');
    await sleep(port, TTL_MS + 1);
    setScripts(silent);
    const startMs = scene.nowMs();
    t.like(await find('a.test', 30_000), { kind: 'records', source: 'stale' });
    t.is(scene.nowMs() - startMs, 1_800);
    // The refresh that goes on finds the servers once they are there again.
    setScripts(answering('192.0.2.81'));
    await sleep(port, 10_000);
    t.like(await find('a.test'), { source: 'cache', data: ['192.0.2.81'] });
  }));

test('case 54: when all servers fail, stale records come at once, and nobody is asked for 30 s', (t) =>
  play(t, [answering('192.0.2.80'), answering('192.0.2.80')], async (scene) => {
    const { find, setScripts, port, servers } = scene;
    const queries = (): number => servers.reduce((sum, server) => sum + server.queries.length, 0);
    await find('a.test');
    await sleep(port, TTL_MS + 1);
    setScripts(refusing(SERVFAIL));
    t.like(await find('a.test'), { source: 'stale' });
    const before = queries();
    for (let second = 0; second < 29; second += 1) {
      t.like(await find('a.test'), { source: 'stale' });
      await sleep(port, 1_000);
    }
    t.is(queries(), before);
    setScripts(answering('192.0.2.81'));
    await sleep(port, 1_000);
    t.like(await find('a.test'), { source: 'network', data: ['192.0.2.81'] });
  }));

test('case 41: servers dead for 60 s at 1,000 lookups/s: stale served, sockets and timers bounded', (t) => {
  t.timeout(60_000);
  const names = Array.from({ length: 20 }, (_, i) => `host-${i}.test`);
  const good = answering('192.0.2.80');
  return play(t, [good, good], async ({ find, setScripts, port, transport, nowMs }) => {
    await Promise.all(names.map((name) => find(name)));
    await sleep(port, TTL_MS + 1);
    setScripts(silent);
    const most = { sockets: 0, timers: 0, lateMs: 0 };
    const sources = new Map<string, number>();
    const lookups: Promise<void>[] = [];
    for (let step = 0; step < 600; step += 1) {
      for (let i = 0; i < 100; i += 1) {
        const startMs = nowMs();
        const wait = find(names[i % names.length] as string).then((found) => {
          const source = found.kind === 'failure' ? found.code : found.source;
          sources.set(source, (sources.get(source) ?? 0) + 1);
          most.lateMs = Math.max(most.lateMs, nowMs() - startMs);
        });
        lookups.push(wait);
      }
      await sleep(port, 100);
      most.sockets = Math.max(most.sockets, transport.stats.sockets);
      most.timers = Math.max(most.timers, port.loop.pendingTimers);
    }
    await Promise.all(lookups);
    t.deepEqual([...sources], [['stale', 60_000]]);
    t.is(most.lateMs, 1_800);
    t.true(most.sockets <= 2 * 4 * 8, `${most.sockets} sockets`);
    t.true(most.timers <= 3, `${most.timers} timers: of the waits, and of the transport`);
  });
});

test('case 56: an alias without its target in the same message is followed, its TTL kept', (t) => {
  const script: Script = (query) => {
    if (query.name.toLowerCase() === 'a.test') query.send(aliasTo(query, 'b.test', 5));
    else query.send(reply(query, { addresses: ['192.0.2.80'] }));
  };
  return play(t, [script], async ({ find, records, nowMs }) => {
    const found = await find('a.test');
    t.like(found, { kind: 'records', canonical: nameKey('b.test'), data: ['192.0.2.80'] });
    const leftMs = (records.peek(nameKey('a.test'), TYPE.A)?.expiresAtMs ?? 0) - nowMs();
    t.true(leftMs > 4_900 && leftMs <= 5_000, `${leftMs} ms`);
    t.like(records.peek(nameKey('b.test'), TYPE.A), { kind: 'records' });
  });
});

test('case 10: a loop over the messages of a server is a failure', (t) => {
  const script: Script = (query) => {
    const target = query.name.toLowerCase() === 'a.test' ? 'b.test' : 'a.test';
    query.send(aliasTo(query, target, 5));
  };
  return play(t, [script], async ({ find, servers }) => {
    t.like(await find('a.test'), { kind: 'failure', code: 'ESERVFAIL' });
    t.is(servers[0]?.queries.length, 2);
  });
});

test('case 46: close with callers at silent servers ends each of them once', (t) =>
  play(t, [silent, silent], async ({ find, records }) => {
    const waits = Array.from({ length: 1_000 }, (_, i) => find(`host-${i % 50}.test`));
    records.close();
    for (const found of await Promise.all(waits)) t.like(found, { code: 'ECANCELLED' });
  }));

test('a failure of all servers says who was asked', (t) =>
  play(t, [refusing(SERVFAIL), silent], async ({ find }) => {
    const found = await find('a.test', 30_000);
    t.like(found, { kind: 'failure', code: 'ESERVFAIL' });
    t.true(found.kind === 'failure' && found.attempts.length >= 2);
  }));
