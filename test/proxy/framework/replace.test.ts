import { setImmediate } from 'node:timers/promises';
import { defineProxy, reply } from '../../../src/proxy/framework/index.ts';
import { fieldOf } from '../peer.ts';
import { answering, ok } from '../upstream.ts';
import { type AnyProxy, Gate, nodeTest, request, worldTest } from './world.ts';

const says = (text: string): AnyProxy => defineProxy({ requestFilter: () => reply(200, text) });

worldTest(
  'a request in flight ends on the old definition, the next one is on the new',
  async (t, world) => {
    const gate = new Gate();
    const logged: string[] = [];
    await world.listen(
      defineProxy({
        async requestFilter() {
          await gate.pass();
          return reply(200, 'old');
        },
        responseFilter: (_s, response) => void response.headers.set('x-old', '1'),
        logging: () => void logged.push('old'),
      }),
    );
    const client = await world.client();
    client.write(request('GET', '/'));
    await gate.reached;
    await world.running.replace(says('new'));
    gate.open();
    const first = await client.response();
    t.is(`${first.body} ${fieldOf(first.head, 'x-old')}`, 'old 1');
    client.write(request('GET', '/'));
    t.is(String((await client.response()).body), 'new');
    t.deepEqual(logged, ['old']);
  },
);

nodeTest('a definition that is wrong is refused, and changes nothing', async (t, world) => {
  const url = await world.upstream(answering(() => ok('upstream')));
  await world.listen(defineProxy().route('/', url));
  t.is(String((await world.get('/')).body), 'upstream');
  const wrong = [
    defineProxy().route('/', 'gopher://x'),
    defineProxy().route('/a/', defineProxy().route('/b', url)),
  ];
  for (const definition of wrong) {
    await t.throwsAsync(world.running.replace(definition));
    t.is(String((await world.get('/')).body), 'upstream');
  }
  await t.throwsAsync(world.running.replace({} as never));
  t.is(String((await world.get('/')).body), 'upstream');
});

worldTest(
  'a thousand replacements under load lose no request, and leave nothing',
  async (t, world) => {
    const url = await world.upstream(answering(() => ok('fine')));
    await world.listen(defineProxy().route('/', url));
    const { proxy } = world;
    let going = true;
    let done = 0;
    const clients = Array.from({ length: 4 }, async () => {
      const client = await world.client();
      while (going) {
        client.write(request('GET', '/'));
        const { status, head } = await client.response();
        if (status !== 200) throw new Error(`answered ${status}`);
        done += 1;
        if (fieldOf(head, 'connection') === 'close') return;
      }
    });
    const generations = new Set<WeakRef<object>>();
    for (let i = 0; i < 1_000; i += 1) {
      generations.add(new WeakRef(proxy.generation));
      await world.running.replace(defineProxy().route('/', url));
      await setImmediate();
    }
    going = false;
    await t.notThrowsAsync(Promise.all(clients));
    t.true(done > 100, `${done} requests`);
    await world.settled();
    const { gc } = globalThis as { gc?: () => void };
    if (gc !== undefined) {
      await setImmediate();
      gc();
      const alive = [...generations].filter((one) => one.deref() !== undefined).length;
      t.true(alive < 100, `${alive} of 1000 generations are still there`);
    }
  },
);

worldTest(
  'close: an active response says that its connection closes, and is whole',
  async (t, world) => {
    const gate = new Gate();
    await world.listen(
      defineProxy({
        async requestFilter() {
          await gate.pass();
          return reply(200, 'whole');
        },
      }),
    );
    const client = await world.client();
    client.write(request('GET', '/'));
    await gate.reached;
    const closed = world.running.close({ drainMs: 20_000 });
    await setImmediate();
    gate.open();
    const { head, body } = await client.response();
    t.is(String(body), 'whole');
    t.is(fieldOf(head, 'connection'), 'close');
    t.is((await client.rest()).end, 'fin');
    client.leave();
    await closed;
  },
);

worldTest(
  'close: an idle connection may still bring the request that was on its way',
  async (t, world) => {
    await world.listen(says('late'));
    const idle = await world.client();
    const used = await world.client();
    used.write(request('GET', '/'));
    await used.response();
    const startMs = performance.now();
    const closed = world.running.close({ drainMs: 20_000 });
    await setImmediate();
    used.write(request('GET', '/'));
    const { head, body } = await used.response();
    t.is(String(body), 'late');
    t.is(fieldOf(head, 'connection'), 'close');
    used.leave();
    t.deepEqual(await idle.rest(), { data: Buffer.alloc(0), end: 'fin' });
    idle.leave();
    await closed;
    const tookMs = performance.now() - startMs;
    t.true(tookMs > 400 && tookMs < 15_000, `${tookMs} ms`);
  },
);

worldTest('close with drainMs 0 is immediate', async (t, world) => {
  await world.listen(defineProxy({ requestFilter: () => new Promise<undefined>(() => {}) }));
  const idle = await world.client();
  const busy = await world.client();
  busy.write(request('GET', '/'));
  while (world.begun === 0) await setImmediate();
  await world.running.close({ drainMs: 0 });
  t.is((await busy.rest()).end, 'reset');
  await idle.rest();
});

nodeTest('a second close can only bring the end nearer', async (t, world) => {
  await world.listen(defineProxy({ requestFilter: () => new Promise<undefined>(() => {}) }));
  const busy = await world.client();
  busy.write(request('GET', '/'));
  while (world.begun === 0) await setImmediate();
  const startMs = performance.now();
  const first = world.running.close({ drainMs: 30_000 });
  const second = world.running.close({ drainMs: 60 });
  const third = world.running.close({ drainMs: 30_000 });
  await Promise.all([first, second, third]);
  const tookMs = performance.now() - startMs;
  t.true(tookMs >= 50 && tookMs < 20_000, `${tookMs} ms`);
  await world.running.close();
});
