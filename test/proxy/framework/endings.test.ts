import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import {
  defineProxy,
  type PhaseName,
  reply,
  type SessionBase,
} from '../../../src/proxy/framework/index.ts';
import type { Peer } from '../peer.ts';
import { eventually } from '../site.ts';
import { answering, closedPort, ok, type Script } from '../upstream.ts';
import { type AnyPhases, Gate, nodeTest, post, request, type World, worldTest } from './world.ts';

/** Requests that are aborted in each phase; `SLUICE_LONG` is for those who have the time. */
const isLong = process.env.SLUICE_LONG !== undefined;
const ABORTS = isLong ? 10_000 : 100;
const AT_ONCE = 50;
/** What 10,000 exchanges may leave on the heap, caches and compiled code included. */
const HEAP_BYTES_MAX = 8 * 1024 * 1024;

type Logged = readonly [
  status: number | undefined,
  type: string | undefined,
  source: string | undefined,
];

/** Notes each exchange that is logged. */
function logging(logged: Logged[]): AnyPhases {
  return { logging: (s, error) => void logged.push([s.res?.status, error?.type, error?.source]) };
}

const silent: Script = async (peer) => {
  await peer.rest();
  peer.leave();
};

/** Phases in which a handler waits for ever, and a server that gets the request that far. */
const WAITING: Readonly<Partial<Record<PhaseName, Script>>> = {
  earlyRequest: silent,
  requestFilter: silent,
  upstreamPeer: silent,
  connected: silent,
  upstreamRequestFilter: silent,
  requestBodyFilter: silent,
  upstreamResponseFilter: answering(() => ok('fine')),
  responseFilter: answering(() => ok('fine')),
  responseBodyFilter: answering(() => ok('fine')),
  errorWhileProxy: async (peer) => {
    await peer.head();
    peer.reset();
  },
  failToProxy: async (peer) => {
    await peer.head();
    peer.write('HTTP/9.9 garbage\r\n\r\n');
  },
};

/** Asks and leaves once a handler waits, `count` times, some at once. */
async function leave(world: World, count: number, reached: Map<string, Gate>): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) {
    const batch = Math.min(AT_ONCE, count - done);
    await Promise.all(
      Array.from({ length: batch }, async () => {
        const client = await world.client();
        const gate = new Gate();
        const id = String(reached.size);
        reached.set(id, gate);
        client.write(post('/', 'hello', `X-Id: ${id}\r\n`));
        await gate.reached;
        client.reset();
        await client.closed;
      }),
    );
    world.peers.splice(0);
    await world.settled();
  }
}

for (const [phase, script] of Object.entries(WAITING)) {
  worldTest(
    `clients that leave during ${phase} leave nothing behind, and are logged once`,
    async (t, world) => {
      const url = await world.upstream(script);
      /** By the number of the request: whose handler waits. */
      const reached = new Map<string, Gate>();
      const logged: Logged[] = [];
      let signals = 0;
      const wait: AnyPhases = {
        [phase]: (s: SessionBase) => {
          s.signal.addEventListener('abort', () => {
            signals += 1;
          });
          return reached.get(s.req.headers.get('x-id') ?? '')?.pass();
        },
      };
      await world.listen(
        defineProxy(logging(logged)).route('/', { upstreamPeer: () => url, ...wait }),
      );
      await leave(world, AT_ONCE, reached);
      const heap = usedHeap();
      await leave(world, ABORTS, reached);
      t.true(await world.settled());
      t.is(logged.length, ABORTS + AT_ONCE);
      t.true(
        logged.every(([, type, source]) => type === 'ConnectionClosed' && source === 'downstream'),
      );
      t.is(signals, ABORTS + AT_ONCE, 'every signal is aborted');
      for (const upstream of world.upstreams) upstream.peers.splice(0);
      // What else runs meanwhile has a heap, too: only a test alone can tell.
      reached.clear();
      const grown = isLong ? usedHeap() - heap : 0;
      t.true(grown < HEAP_BYTES_MAX, `the heap has grown by ${grown} bytes`);
    },
    undefined,
    isLong ? test.serial : test,
  );
}

function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

type Ending = {
  readonly script?: Script;
  readonly phases?: AnyPhases;
  readonly run: (client: Peer, world: World) => Promise<unknown>;
  /** `undefined`: nothing. */
  readonly logged: Logged | undefined;
};

const asking = async (client: Peer) => {
  client.write(request('GET', '/'));
  await client.response().catch(() => {});
};

const tooLate = { timeouts: { readMs: 50 } };

/** How exchanges end → what `logging` is told, once. */
const ENDINGS: Readonly<Record<string, Ending>> = {
  'an answer': {
    script: answering(() => ok('x')),
    run: asking,
    logged: [200, undefined, undefined],
  },
  'a reply': {
    phases: { requestFilter: () => reply(204) },
    run: asking,
    logged: [204, undefined, undefined],
  },
  'no connection': {
    phases: { upstreamPeer: async () => `http://127.0.0.1:${(await closedPort()).port}` },
    run: asking,
    logged: [502, 'ConnectRefused', 'upstream'],
  },
  'a server that is silent': {
    script: silent,
    phases: { upstreamPeer: (s) => ({ host: '127.0.0.1', port: Number(s.vars.port), ...tooLate }) },
    run: asking,
    logged: [504, 'ReadTimeout', 'upstream'],
  },
  'a server that talks nonsense': {
    script: async (peer) => {
      await peer.head();
      peer.write('HTTP/9.9 garbage\r\n\r\n');
    },
    run: asking,
    logged: [502, 'ProtocolError', 'upstream'],
  },
  'a body that is cut': {
    script: async (peer) => {
      await peer.head();
      peer.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      await setImmediate();
      peer.reset();
    },
    run: asking,
    logged: [200, 'ConnectionClosed', 'upstream'],
  },
  'a client that leaves in the body': {
    script: async (peer) => {
      await peer.head();
      peer.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    },
    run: async (client) => {
      client.write(request('GET', '/'));
      await client.head();
      client.reset();
    },
    logged: [200, 'ConnectionClosed', 'downstream'],
  },
  'a client that breaks its chunks': {
    script: silent,
    run: async (client) => {
      client.write(request('POST', '/', 'Transfer-Encoding: chunked\r\n', 'zz\r\n'));
      await client.response().catch(() => {});
    },
    logged: [undefined, 'ProtocolError', 'downstream'],
  },
  'what is no request': {
    run: async (client) => {
      client.write('nonsense\r\n\r\n');
      await client.response();
    },
    logged: [400, 'ProtocolError', 'downstream'],
  },
  'a head that is too large': {
    run: async (client) => {
      client.write(request('GET', '/', `X: ${'x'.repeat(40_000)}\r\n`));
      await client.response().catch(() => {});
    },
    logged: [431, 'ProtocolError', 'downstream'],
  },
  'a connection that says nothing': {
    run: async (client) => {
      client.leave();
      await client.closed;
    },
    logged: undefined,
  },
  'a body over the limit': {
    script: silent,
    run: async (client) => {
      client.write(
        request('POST', '/', 'Transfer-Encoding: chunked\r\n', `200001\r\n${'x'.repeat(0x200001)}`),
      );
      await client.response().catch(() => {});
    },
    logged: [undefined, 'BodyTooLarge', 'downstream'],
  },
  'an abort': {
    phases: { requestFilter: (s) => void s.abort(new Error('enough')) },
    run: asking,
    logged: [undefined, 'Internal', 'internal'],
  },
  'an abort in the middle of an answer': {
    script: answering(() => ok('x')),
    phases: { responseBodyFilter: (s) => void s.abort() },
    run: asking,
    logged: [200, 'Internal', 'internal'],
  },
  'an abort in logging, which changes nothing': {
    phases: { requestFilter: () => reply(200, 'x'), logging: (s) => void s.abort() },
    run: asking,
    logged: [200, undefined, undefined],
  },
  'a close that does not wait': {
    script: silent,
    run: async (client, world) => {
      client.write(request('GET', '/'));
      await eventually(() => (world.upstreams[0]?.connections ?? 0) > 0);
      await world.running.close({ drainMs: 0 });
    },
    logged: [undefined, 'Internal', 'internal'],
  },
};

for (const [name, { script, phases = {}, run, logged: wanted }] of Object.entries(ENDINGS)) {
  worldTest(`logged exactly once: ${name}`, async (t, world) => {
    const logged: Logged[] = [];
    const url = script === undefined ? undefined : await world.upstream(script);
    await world.listen(
      defineProxy({
        earlyRequest: (s) => void Object.assign(s.vars, { port: url?.split(':')[2] }),
        ...logging(logged),
      }).route('/', { upstreamPeer: () => url, ...phases } as AnyPhases),
    );
    const client = await world.client();
    await run(client, world);
    t.true(await world.settled());
    t.deepEqual(logged, wanted === undefined ? [] : [wanted]);
  });
}

nodeTest('the signal is aborted when an exchange has ended well, too', async (t, world) => {
  const signals: AbortSignal[] = [];
  await world.listen(
    defineProxy({
      requestFilter: (s) => {
        signals.push(s.signal);
        return reply(200);
      },
    }),
  );
  await world.get('/');
  await world.settled();
  t.true(signals[0]?.aborted);
});

worldTest('timings and bytes tell what has happened', async (t, world) => {
  const { url } = await world.recorder();
  let seen: { timings: object; bytes: object; sizes: readonly number[] } | undefined;
  await world.listen(
    defineProxy({
      upstreamPeer: () => url,
      logging: (s) => {
        const { accepted, headersIn, connected, firstByte, done } = s.timings;
        seen = {
          timings: [
            accepted <= headersIn,
            headersIn <= connected,
            connected <= firstByte,
            firstByte <= done,
          ],
          bytes: s.bytes,
          sizes: [accepted, connected],
        };
      },
    }),
  );
  const client = await world.client();
  const text = post('/', 'hello');
  client.write(text);
  const { head } = await client.response();
  await world.settled();
  t.deepEqual(seen?.timings, [true, true, true, true]);
  t.true((seen?.sizes[1] as number) > 0);
  const answer = ok('fine').length;
  const forwarded =
    text.length -
    'a.test'.length +
    url.length -
    'http://'.length +
    'X-Forwarded-For: 127.0.0.1\r\n'.length;
  t.deepEqual(seen?.bytes, {
    fromClient: text.length,
    toUpstream: forwarded,
    fromUpstream: answer,
    toClient: head.length + 4 + 4,
  });
});

nodeTest('what did not happen has the time 0', async (t, world) => {
  let seen: readonly number[] = [];
  await world.listen(
    defineProxy({
      requestFilter: () => reply(200),
      logging: (s) => {
        seen = [s.timings.connected, s.timings.firstByte];
      },
    }),
  );
  await world.get('/');
  await world.settled();
  t.deepEqual(seen, [0, 0]);
});

nodeTest(
  'a logging promise does not delay the next request, but close waits for it',
  async (t, world) => {
    const gate = new Gate();
    let finished = 0;
    await world.listen(
      defineProxy({
        requestFilter: () => reply(200),
        logging: async () => {
          await gate.pass();
          finished += 1;
        },
      }),
    );
    const client = await world.client();
    for (let i = 0; i < 3; i += 1) {
      client.write(request('GET', '/'));
      t.is((await client.response()).status, 200);
    }
    client.leave();
    const closed = world.running.close({ drainMs: 20_000 });
    await setImmediate();
    t.is(finished, 0);
    gate.open();
    await closed;
    t.is(finished, 3);
  },
);

nodeTest('close waits for logging no longer than drainMs', async (t, world) => {
  await world.listen(
    defineProxy({ requestFilter: () => reply(200), logging: () => new Promise(() => {}) }),
  );
  await world.get('/');
  await world.settled();
  await world.running.close({ drainMs: 50 });
  t.pass();
});
