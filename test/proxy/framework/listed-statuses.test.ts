import { setImmediate } from 'node:timers/promises';
import { defineProxy } from '../../../src/proxy/framework/define-proxy.ts';
import { reply, upstream } from '../../../src/proxy/framework/index.ts';
import { answering, ok, type Script } from '../upstream.ts';
import { type AnyPhases, Gate, nodeTest, post, request, type World, worldTest } from './world.ts';

const good: Script = answering(() => ok('good'));
const busy: Script = answering(
  (head) =>
    `HTTP/1.1 503 X\r\nFrom: server\r\nContent-Length: 4\r\n\r\n${head.startsWith('HEAD') ? '' : 'busy'}`,
);

/** What handlers and `logging` were told, in order. */
type Notes = string[];

/** A proxy before a group that repeats requests for 503. */
async function start(
  world: World,
  scripts: readonly Script[],
  phases: AnyPhases = {},
): Promise<Notes> {
  const notes: Notes = [];
  const servers: string[] = [];
  for (const script of scripts) servers.push(await world.upstream(script));
  const group = upstream('group', { servers, retry: { on: ['error', 'timeout', 503] } });
  const { errorWhileProxy, ...others } = phases;
  await world.listen(
    defineProxy({
      upstreamPeer: () => group,
      errorWhileProxy: (s, error) => {
        const { type, source, status, retry } = error;
        notes.push(`${type} ${source} ${status} ${retry}`);
        return errorWhileProxy?.(s, error);
      },
      logging: (s, error) =>
        void notes.push(`logged ${s.res?.status} ${error?.type} ${s.attempts}`),
    } as AnyPhases).route('/', others),
  );
  return notes;
}

async function seen(world: World, text = request('GET', '/')): Promise<string> {
  const { status, body } = await world.ask(text);
  await world.settled();
  return `${status} ${body}`;
}

for (const [how, wait] of [
  ['at once', () => undefined],
  ['later', async () => void (await setImmediate())],
] as const) {
  worldTest(`errorWhileProxy is told of a listed status, and decides ${how}`, async (t, world) => {
    const decide = (retry: boolean | undefined): AnyPhases => ({
      errorWhileProxy: (): ReturnType<NonNullable<AnyPhases['errorWhileProxy']>> => {
        const decision = retry === undefined ? undefined : { retry };
        const waited = wait();
        return waited === undefined ? decision : waited.then(() => decision);
      },
    });
    const notes = await start(world, [busy, good], decide(undefined));
    t.is(await seen(world), '200 good');
    t.deepEqual(notes, ['HttpStatus upstream 503 true', 'logged 200 undefined 2']);
  });

  worldTest(`a handler may have a listed status passed on, ${how}`, async (t, world) => {
    const notes = await start(world, [busy, good], {
      errorWhileProxy: () => wait()?.then(() => ({ retry: false })) ?? { retry: false },
    });
    t.is(await seen(world), '503 busy');
    t.deepEqual(notes, ['HttpStatus upstream 503 true', 'logged 503 undefined 1']);
  });

  worldTest(`a handler may repeat a POST that met a listed status, ${how}`, async (t, world) => {
    const notes = await start(world, [busy, good], {
      errorWhileProxy: () => wait()?.then(() => ({ retry: true })) ?? { retry: true },
    });
    t.is(await seen(world, post('/', '')), '200 good');
    t.deepEqual(notes, ['HttpStatus upstream 503 false', 'logged 200 undefined 2']);
  });
}

worldTest('a body that was kept goes to the next server', async (t, world) => {
  const { url, recorder } = await world.recorder();
  const bad = await world.upstream(async (peer) => {
    await peer.head();
    await peer.take(5);
    peer.write('HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n');
  });
  const group = upstream('group', { servers: [bad, url], retry: { on: [503] } });
  await world.listen(
    defineProxy({
      upstreamPeer: () => group,
      requestFilter: async (s) => void (await s.bufferRequestBody(100)),
    }),
  );
  t.is((await world.ask(post('/', 'hello').replace('POST', 'PUT'))).status, 200);
  t.is(recorder.requests[0]?.body, 'hello');
});

nodeTest('response filters see the answer that is passed on, and no other', async (t, world) => {
  const statuses: number[] = [];
  await start(world, [busy, good], {
    upstreamResponseFilter: (_s, up) => void statuses.push(up.status),
    responseFilter: (_s, response) => void statuses.push(response.status),
  });
  await seen(world);
  t.deepEqual(statuses, [200, 200]);
});

nodeTest('out of attempts, a listed status is passed on, with what was asked', async (t, world) => {
  const notes = await start(world, [busy, busy, busy, busy]);
  t.is(await seen(world), '503 busy');
  t.deepEqual(notes, [
    'HttpStatus upstream 503 true',
    'HttpStatus upstream 503 true',
    'HttpStatus upstream 503 false',
    'logged 503 undefined 3',
  ]);
});

nodeTest('a handler cannot have more tries for a status than there are', async (t, world) => {
  const url = await world.upstream(busy);
  const group = upstream('group', { servers: [url], retry: { on: [503] } });
  let attempts = 0;
  await world.listen(
    defineProxy({
      upstreamPeer: () => group,
      errorWhileProxy: () => ({ retry: true }),
      logging: (s) => {
        attempts = s.attempts;
      },
    }),
  );
  t.is(await seen(world), '503 busy');
  t.is(attempts, 3);
});

nodeTest('HEAD is repeated, too', async (t, world) => {
  const notes = await start(world, [busy, answering(() => 'HTTP/1.1 200 OK\r\n\r\n')]);
  t.is(await seen(world, request('HEAD', '/')), '200 ');
  t.is(notes.at(-1), 'logged 200 undefined 2');
});

nodeTest('failToProxy is asked where the next attempt has nowhere to go', async (t, world) => {
  const bad = await world.upstream(busy);
  const group = upstream('group', { servers: [bad, bad], retry: { on: [503] } });
  await world.listen(
    defineProxy({
      upstreamPeer: (s) => (s.attempts === 0 ? group : undefined),
      errorWhileProxy: () => ({ retry: true }),
      failToProxy: (_s, error) => reply(error.status, error.type),
    }),
  );
  t.is(await seen(world), '502 NoUpstream');
});

worldTest('a client that leaves while a listed status is thought about', async (t, world) => {
  const gate = new Gate();
  const notes = await start(world, [busy, good], {
    errorWhileProxy: async () => void (await gate.pass()),
  });
  const client = await world.client();
  client.write(request('GET', '/'));
  await gate.reached;
  client.reset();
  await world.settled();
  gate.open();
  await setImmediate();
  t.deepEqual(notes, ['HttpStatus upstream 503 true', 'logged undefined ConnectionClosed 1']);
});

nodeTest('delayMs passes before the next server is asked', async (t, world) => {
  await start(world, [busy, good], { errorWhileProxy: () => ({ retry: true, delayMs: 40 }) });
  const startedMs = performance.now();
  t.is(await seen(world), '200 good');
  t.true(performance.now() - startedMs >= 39);
});

nodeTest('no handler repeats what a client has had a 103 of', async (t, world) => {
  const early = answering(
    () => 'HTTP/1.1 103 X\r\n\r\nHTTP/1.1 503 X\r\nContent-Length: 4\r\n\r\nbusy',
  );
  const servers = [await world.upstream(early), await world.upstream(good)];
  const group = upstream('group', { servers, retry: { on: [503] } });
  await world.listen(
    defineProxy({ upstreamPeer: () => group, errorWhileProxy: () => ({ retry: true }) }),
    { earlyHints: true },
  );
  const client = await world.client();
  client.write(request('GET', '/'));
  t.regex((await client.head()) ?? '', /^HTTP\/1.1 103/);
  t.is((await client.response()).status, 503);
});
