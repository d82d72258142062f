import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineProxy, HandlerTimeout, reply } from '../../../src/proxy/framework/index.ts';
import { eventually } from '../site.ts';
import { type AnyPhases, Gate, nodeTest, worldTest } from './world.ts';

const PHASES = [
  'earlyRequest',
  'requestFilter',
  'upstreamRequestFilter',
  'responseFilter',
] as const;

for (const phase of PHASES) {
  worldTest(`${phase} that never settles is a 500 at handlerMs`, async (t, world) => {
    const { url } = await world.recorder();
    const waits = { [phase]: () => new Promise(() => {}) } as AnyPhases;
    await world.listen(defineProxy(waits).route('/', url), { timeouts: { handlerMs: 50 } });
    t.is((await world.get('/')).status, 500);
    await world.settled();
    t.true(world.errors.length > 0);
    for (const error of world.errors) t.true(error instanceof HandlerTimeout, String(error));
  });
}

worldTest('each handler has its own time', async (t, world) => {
  const slow: AnyPhases = { requestFilter: () => sleep(800, undefined) };
  const proxy = defineProxy(slow).phases(slow).phases(slow);
  const last = proxy.route('/', { requestFilter: () => reply(204) });
  await world.listen(last, { timeouts: { handlerMs: 2_000 } });
  t.is((await world.get('/')).status, 204);
  t.deepEqual(world.errors, []);
});

nodeTest('what a handler says after its deadline is not heard', async (t, world) => {
  const gate = new Gate();
  const late = async (): Promise<never> => {
    await gate.pass();
    throw new Error('late');
  };
  await world.listen(defineProxy({ requestFilter: late }), { timeouts: { handlerMs: 50 } });
  t.is((await world.get('/')).status, 500);
  gate.open();
  t.is((await world.get('/')).status, 500);
  t.true(await eventually(() => world.errors.length === 2));
  t.true(world.errors[0] instanceof HandlerTimeout);
});

nodeTest('with handlerMs 0 a handler may take what it likes', async (t, world) => {
  const slow = async () => {
    await sleep(100);
    return reply(204);
  };
  await world.listen(defineProxy({ requestFilter: slow }), { timeouts: { handlerMs: 0 } });
  t.is((await world.get('/')).status, 204);
});

worldTest('a handler that waits for a body has the time that the body takes', async (t, world) => {
  const waits: AnyPhases = {
    requestFilter: async (s) => reply(200, Buffer.from(await s.bufferRequestBody(100)).toString()),
  };
  await world.listen(defineProxy(waits), { timeouts: { handlerMs: 50 } });
  const client = await world.client();
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n');
  for (const byte of 'slow') {
    await sleep(60);
    client.write(byte);
  }
  t.is((await client.response()).body.toString(), 'slow');
  t.deepEqual(world.errors, []);
});
