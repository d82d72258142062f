import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import { InvariantError } from '../../src/core/invariant-error.ts';
import { SPLICE_BYTES_MAX } from '../../src/core/operations.ts';
import { HIGH_BYTES } from '../../src/core/outbox/water-marks.ts';
import { poolOf, Relay, relay, type Stream } from '../../src/net/index.ts';
import { BULK_BYTES, bulkPoolOf } from '../../src/net/pool-of.ts';
import { fill, pair, rule, textOf, textOfBytes, type World, within } from './worlds.ts';

/** A client and a server, and the two inner ends that a relay joins. */
async function chain(w: World): Promise<{ client: Stream; a: Stream; b: Stream; server: Stream }> {
  const [client, a] = await pair(w);
  const [b, server] = await pair(w);
  return { client, a, b, server };
}

function settled<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

rule('a relay forwards both ways, and each end by itself', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  const ended = relay(a, b);
  await client.send('question');
  t.is(await textOfBytes(server, 8), 'question');
  await client.shutdown();
  t.is(await server.recv(), undefined);
  await server.send('answer');
  await server.shutdown();
  t.is(await textOf(client), 'answer');
  await Promise.all([client.close(), server.close()]);
  t.deepEqual(await ended, { bytesAtoB: 8, bytesBtoA: 6, why: 'ended', fault: undefined });
});

rule('every byte arrives in order, both ways at once', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  const ended = relay(a, b);
  const up = Buffer.alloc(3_000_000, 'the quick brown fox ');
  const down = Buffer.alloc(2_000_000, 'jumps over the lazy dog');
  const received = [textOf(server), textOf(client)];
  await Promise.all([
    client.send(up).then(() => client.shutdown()),
    server.send(down).then(() => server.shutdown()),
  ]);
  const [upText, downText] = await Promise.all(received);
  t.true(upText === up.toString(), 'up');
  t.true(downText === down.toString(), 'down');
  await Promise.all([client.close(), server.close()]);
  const { bytesAtoB, bytesBtoA, why } = await ended;
  t.deepEqual([bytesAtoB, bytesBtoA, why], [up.length, down.length, 'ended']);
});

rule('what a stream had received or queued before the relay goes first', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  await client.send('head');
  await t.throwsAsync(a.recvInto([Buffer.alloc(9)], { minBytes: 9, timeoutMs: 40 }));
  await a.send('welcome ');
  await b.send('<');
  const ended = relay(a, b, { prefaceToB: Buffer.from('PROXY ') });
  await client.send(' body');
  t.is(await textOfBytes(server, 16), '<PROXY head body');
  await server.send('back');
  t.is(await textOfBytes(client, 12), 'welcome back');
  await Promise.all([client.close(), server.close()]);
  t.is((await ended).why, 'ended');
});

rule('a relay stops receiving from the one side while the other does not read', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  let bytesMax = 0;
  const { socket: from } = a.handOver();
  const { socket: to } = b.handOver();
  const { promise: ended, resolve } = settled<Relay>();
  const both = new Relay(w.port, poolOf(w.port), from, to, 0, resolve);
  const { relayMoved } = both;
  both.relayMoved = () => {
    relayMoved.call(both);
    bytesMax = Math.max(bytesMax, both.queuedBytes);
  };
  both.start('aToB');
  both.start('bToA');
  const chunk = Buffer.alloc(HIGH_BYTES, 'x');
  const { sent, waiting } = await fill(w, client, chunk);
  bytesMax = Math.max(bytesMax, both.queuedBytes);
  if (w.port.capabilities.splice === 'kernel') {
    t.true(bytesMax <= SPLICE_BYTES_MAX, `no more is on its way than one splice: ${bytesMax}`);
  } else {
    t.true(bytesMax > HIGH_BYTES, 'the outbox was above its high mark');
    const receive = bulkPoolOf(w.port) === undefined ? SCRATCH_BYTES : BULK_BYTES;
    t.true(bytesMax <= HIGH_BYTES + receive, `and never above its bound: ${bytesMax}`);
  }
  const all = textOf(server);
  await waiting;
  await client.shutdown();
  t.is((await all).length, sent);
  await Promise.all([client.close(), server.close()]);
  t.is((await ended).why, 'ended');
  t.is((await ended).bytesAtoB, sent);
});

rule('a reset of one side resets the other', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  const ended = relay(a, b);
  await client.send('x');
  t.is(await textOfBytes(server, 1), 'x');
  const received = server.recv();
  await client.close({ how: 'reset' });
  await t.throwsAsync(received, { code: 'reset' });
  const { why, fault } = await ended;
  t.is(why, 'failed');
  t.is(fault?.code, 'reset');
  await server.close();
});

rule('both directions silent for too long end a relay as idle', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  const idleMs = 2_000;
  const ended = relay(a, b, { idleMs });
  let sentMs = w.port.loop.nowMs();
  const beginMs = sentMs;
  while (sentMs - beginMs <= idleMs) {
    t.false(await within(w, ended, 300), 'one direction that moves keeps both');
    sentMs = w.port.loop.nowMs();
    await client.send('.');
    t.is(await textOfBytes(server, 1), '.');
  }
  const [end] = await Promise.all([textOf(server), textOf(client)]);
  t.is(end, '');
  const silentMs = w.port.loop.nowMs() - sentMs;
  t.true(silentMs > idleMs - 1, `it waited after the last byte: ${silentMs}`);
  await Promise.all([client.close(), server.close()]);
  t.is((await ended).why, 'idle');
});

rule('a peer that does not read for too long ends a relay as idle', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  const ended = relay(a, b, { idleMs: 150 });
  const chunk = Buffer.alloc(HIGH_BYTES);
  const flood = (async () => {
    for (;;) await client.send(chunk);
  })();
  t.is((await ended).why, 'idle');
  await t.throwsAsync(flood);
  await client.close({ how: 'reset' });
  await server.close({ how: 'reset' });
});

rule('an abort resets both sides and rejects with the reason', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  const controller = new AbortController();
  const ended = relay(a, b, { signal: controller.signal });
  await client.send('x');
  t.is(await textOfBytes(server, 1), 'x');
  const reason = new Error('enough');
  const told = [client.recv(), server.recv()];
  controller.abort(reason);
  t.is(await t.throwsAsync(ended), reason);
  for (const end of told) await t.throwsAsync(end, { code: 'reset' });
  t.is(w.port.openSockets, 2, 'both sockets of the relay are closed');
  await Promise.all([client.close(), server.close()]);
});

rule('a relay whose port is closed ends once, as stopped', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  const ended = relay(a, b, { idleMs: 1_000 });
  await client.send('x');
  t.is(await textOfBytes(server, 1), 'x');
  w.port.close();
  t.is((await ended).why, 'stopped');
});

rule('a stream that was given to a relay may not be used', async (t, w) => {
  const { client, a, b, server } = await chain(w);
  const ended = relay(a, b);
  await client.send('x');
  t.is(await textOfBytes(server, 1), 'x');
  await t.throwsAsync(a.recv(), { instanceOf: InvariantError });
  await t.throwsAsync(a.send('x'), { instanceOf: InvariantError });
  await a.close();
  await Promise.all([client.shutdown(), server.shutdown()]);
  t.is((await ended).why, 'ended', 'its close changes nothing');
  await Promise.all([client.close(), server.close()]);
});
