import { inspect } from 'node:util';
import {
  defineProxy,
  type PhaseName,
  reply,
  type SessionBase,
  upstream,
} from '../../../src/proxy/framework/index.ts';
import { eventually } from '../site.ts';
import { answering, closedPort } from '../upstream.ts';
import { type AnyPhases, nodeTest } from './world.ts';

const busy = answering(() => 'HTTP/1.1 503 Not Now\r\nContent-Length: 0\r\n\r\n');

/** What is said of a failed attempt, and is no decision. */
const NO_DECISIONS = [
  null,
  42,
  {},
  { retry: 1 },
  { retry: true, delayMs: '5' },
  { retry: true, delayMs: -1 },
  { retry: true, delayMs: Number.NaN },
  { retry: true, delayMs: Number.POSITIVE_INFINITY },
] as const;

for (const decision of NO_DECISIONS) {
  nodeTest(`${inspect(decision)} is no decision about a failed attempt: 500`, async (t, world) => {
    const { port } = await closedPort();
    const listed = await world.upstream(busy);
    const decide = (): never => decision as never;
    const group = upstream('listed', { servers: [listed], retry: { on: [503] } });
    await world.listen(
      defineProxy()
        .route('/refused', {
          upstreamPeer: () => `http://127.0.0.1:${port}`,
          failToConnect: decide,
        })
        .route('/listed', { upstreamPeer: () => group, errorWhileProxy: async () => decide() }),
    );
    t.is((await world.get('/refused')).status, 500);
    t.is((await world.get('/listed')).status, 500);
    t.true(await eventually(() => world.errors.length === 2));
  });
}

/** Phase → how it is reached: at a server, or without one. */
const WAITING: readonly PhaseName[] = [
  'earlyRequest',
  'requestFilter',
  'connected',
  'upstreamRequestFilter',
  'upstreamResponseFilter',
  'responseFilter',
  'failToConnect',
  'failToProxy',
  'logging',
];

for (const phase of WAITING) {
  nodeTest(`a thenable from ${phase} that calls back twice is heard once`, async (t, world) => {
    const { url } = await world.recorder();
    const { port } = await closedPort();
    const statuses: unknown[] = [];
    const twice = {
      // biome-ignore lint/suspicious/noThenProperty: that is what a thenable is.
      then(done: () => void) {
        done();
        done();
        setImmediate(done);
      },
    };
    const fails = phase.startsWith('fail');
    const target = fails ? `http://127.0.0.1:${port}` : url;
    const bad = { [phase]: () => twice } as AnyPhases;
    const log: AnyPhases = { logging: (s) => void statuses.push(s.res?.status) };
    await world.listen(defineProxy(log).phases(bad).route('/', target));
    t.is((await world.get('/')).status, fails ? 502 : 200);
    await world.settled();
    t.deepEqual(statuses, [fails ? 502 : 200]);
  });

  nodeTest(`a thenable from ${phase} that throws is a handler that throws`, async (t, world) => {
    const { url } = await world.recorder();
    const { port } = await closedPort();
    const boom = new Error('boom');
    const throws = (): never => {
      throw boom;
    };
    const made = new Map<string, object>([
      // biome-ignore lint/suspicious/noThenProperty: that is what a thenable is.
      ['/calls', { then: throws }],
      ['/gets', Object.defineProperty({}, 'then', { get: throws })],
    ]);
    const target = phase.startsWith('fail') ? `http://127.0.0.1:${port}` : url;
    const next = ({ req }: SessionBase): unknown => {
      const one = made.get(req.path);
      made.delete(req.path); // The filter that meets its own 500 lets it pass.
      return one;
    };
    const bad = { [phase]: next } as AnyPhases;
    await world.listen(defineProxy(bad).route('/', target));
    for (const path of ['/calls', '/gets']) {
      t.is((await world.get(path)).status, phase === 'logging' ? 200 : 500);
    }
    await world.settled();
    t.true(await eventually(() => world.errors.length === 2));
    t.deepEqual(world.errors, [boom, boom]);
  });
}

nodeTest('a context that is a promise is refused with each exchange', async (t, world) => {
  const context = (): object => Promise.reject(new Error('nobody waits for it'));
  await world.listen(defineProxy({ context, requestFilter: () => reply(200) }));
  t.is((await world.get('/')).status, 500);
  t.regex(String(world.errors), /context\(\) gave a promise/);
});
