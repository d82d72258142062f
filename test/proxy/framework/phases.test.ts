import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import {
  definePlugin,
  defineProxy,
  type PhaseName,
  type Phases,
  type Reply,
  reply,
} from '../../../src/proxy/framework/index.ts';
import { PHASE_NAMES } from '../../../src/proxy/framework/phases.ts';
import { ProxyError } from '../../../src/proxy/proxy-error.ts';
import { fieldOf } from '../peer.ts';
import { eventually } from '../site.ts';
import { answering, closedPort, ok } from '../upstream.ts';
import { type AnyPhases, nodeTest, post, worldTest } from './world.ts';

/** Phases that note that they ran; `how`: as they are, or with a promise. */
function noting(name: string, notes: string[], how: 'sync' | 'async', only?: PhaseName): AnyPhases {
  const phases: Record<string, unknown> = {};
  for (const phase of PHASE_NAMES) {
    if (only !== undefined && phase !== only) continue;
    phases[phase] = (): unknown => {
      notes.push(`${phase}:${name}`);
      return how === 'sync' ? undefined : setImmediate(undefined);
    };
  }
  return phases as AnyPhases;
}

const layered = (notes: string[], how: 'sync' | 'async', last: AnyPhases) =>
  defineProxy(noting('own', notes, how))
    .use(definePlugin({ name: 'a', phases: noting('a', notes, how) }))
    .use(definePlugin({ name: 'b', phases: noting('b', notes, how) }))
    .route('/', last);

for (const how of ['sync', 'async'] as const) {
  worldTest(
    `phases run in their order, the way back reversed: ${how} handlers`,
    async (t, world) => {
      const notes: string[] = [];
      const { url } = await world.recorder();
      const route = noting('route', notes, how) as Record<string, unknown>;
      route.upstreamPeer = () => {
        notes.push('upstreamPeer:route');
        return url;
      };
      await world.listen(layered(notes, how, route as AnyPhases));
      const { status, body } = await world.ask(post('/', 'hello'));
      t.is(`${status} ${body}`, '200 fine');
      await world.settled();
      const there = ['own', 'a', 'b', 'route'];
      const back = there.toReversed();
      const runs = (phase: PhaseName, who: readonly string[]) =>
        who.map((one) => `${phase}:${one}`);
      t.deepEqual(notes, [
        ...runs('earlyRequest', ['own', 'a', 'b', 'route']),
        ...runs('requestFilter', there),
        ...runs('upstreamPeer', there),
        ...runs('connected', there),
        ...runs('upstreamRequestFilter', there),
        // Each filter sees the chunk, and then the end of what the one before has made.
        ...there.flatMap((one) => runs('requestBodyFilter', [one])),
        ...there.flatMap((one) => runs('requestBodyFilter', [one])),
        ...runs('upstreamResponseFilter', back),
        ...runs('responseFilter', back),
        ...back.flatMap((one) => runs('responseBodyFilter', [one])),
        ...back.flatMap((one) => runs('responseBodyFilter', [one])),
        ...runs('logging', back),
      ]);
    },
  );

  nodeTest(
    `the phases of a failure run from the route outwards: ${how} handlers`,
    async (t, world) => {
      const notes: string[] = [];
      const { port } = await closedPort();
      const route = noting('route', notes, how) as Record<string, unknown>;
      route.upstreamPeer = () => `http://127.0.0.1:${port}`;
      await world.listen(layered(notes, how, route as AnyPhases));
      t.is((await world.get('/')).status, 502);
      await world.settled();
      const back = ['route', 'b', 'a', 'own'];
      const failing = notes.filter((note) => /^(failTo|errorWhile|responseF|logging)/.test(note));
      const once = back.map((one) => `failToConnect:${one}`);
      t.deepEqual(failing, [
        ...once,
        ...back.map((one) => `failToProxy:${one}`),
        ...back.map((one) => `responseFilter:${one}`),
        ...back.map((one) => `logging:${one}`),
      ]);
    },
  );
}

nodeTest(
  'the first reply of a requestFilter is the answer, later ones are not asked',
  async (t, world) => {
    const asked: string[] = [];
    const filter = (name: string, answer: Reply | undefined): AnyPhases => ({
      requestFilter: () => {
        asked.push(name);
        return answer;
      },
    });
    const proxy = defineProxy(filter('own', undefined))
      .use(definePlugin({ name: 'a', phases: filter('a', reply(403, 'no')) }))
      .route('/', filter('route', reply(200)));
    await world.listen(proxy);
    const { status, body } = await world.get('/');
    t.is(`${status} ${body}`, '403 no');
    t.deepEqual(asked, ['own', 'a']);
  },
);

nodeTest(
  'the first defined answer of upstreamPeer wins: a plugin overrides its route',
  async (t, world) => {
    const left = await world.upstream(answering(() => ok('left')));
    const right = await world.upstream(answering(() => ok('right')));
    const canary = definePlugin({
      name: 'canary',
      phases: { upstreamPeer: (s) => (s.req.headers.has('x-canary') ? right : undefined) },
    });
    await world.listen(defineProxy().use(canary).route('/', left));
    t.is(String((await world.get('/')).body), 'left');
    t.is(String((await world.get('/', 'X-Canary: 1\r\n')).body), 'right');
  },
);

/** Where a handler throws → what the client sees. */
const THROWS: readonly (readonly [PhaseName, '500' | 'cut' | '200'])[] = [
  ['earlyRequest', '500'],
  ['requestFilter', '500'],
  ['upstreamPeer', '500'],
  ['connected', '500'],
  ['upstreamRequestFilter', '500'],
  ['requestBodyFilter', '500'],
  ['upstreamResponseFilter', '500'],
  ['responseFilter', '500'],
  ['responseBodyFilter', 'cut'],
  ['logging', '200'],
];

for (const [phase, outcome] of THROWS) {
  for (const how of ['throws', 'rejects'] as const) {
    nodeTest(`a handler of ${phase} that ${how}: ${outcome}, logged once`, async (t, world) => {
      const answers = await world.upstream(async (peer) => {
        const head = await peer.head();
        if (head === undefined) return;
        peer.write(ok('fine'));
      });
      const logged: unknown[] = [];
      const boom = new Error('boom');
      const bad = {
        upstreamPeer: () => answers,
        [phase]: () => {
          if (how === 'throws') throw boom;
          return Promise.reject(boom);
        },
      } as AnyPhases;
      const outer: AnyPhases = {
        logging: (s, error) =>
          void logged.push([s.res?.status, error?.type, error?.cause === boom]),
      };
      await world.listen(defineProxy(outer).route('/', bad));
      const seen = await world.ask(post('/', 'hello')).catch(() => undefined);
      await world.settled();
      if (outcome === '500') {
        t.is(seen?.status, 500);
        t.deepEqual(logged, [[500, 'Internal', true]]);
      } else if (outcome === 'cut') {
        t.is(seen, undefined);
        t.deepEqual(logged, [[200, 'Internal', true]]);
      } else {
        t.is(seen?.status, 200);
        t.deepEqual(logged, [[200, undefined, false]]);
      }
      // The filter meets its own 500 as well.
      const told = phase === 'responseFilter' ? [boom, boom] : [boom];
      t.true(await eventually(() => world.errors.length === told.length));
      t.deepEqual(world.errors, told);
    });
  }
}

/** Phase → an answer that is none. */
const NONSENSE: readonly (readonly [PhaseName, unknown])[] = [
  ['requestFilter', 42],
  ['requestFilter', null],
  ['requestFilter', { status: 99 }],
  ['requestFilter', { status: 200, body: 42 }],
  ['requestFilter', { status: 200, headers: { 'x y': 'z' } }],
  ['requestFilter', { status: 200, headers: { x: undefined } }],
  ['requestFilter', { status: 200, headers: { x: { toString: () => 'y' } } }],
  ['requestFilter', { status: 200, headers: { 'transfer-encoding': 'chunked' } }],
  ['upstreamPeer', 'gopher://x'],
  ['upstreamPeer', 42],
  ['upstreamPeer', { name: 'not made by upstream()' }],
  ['requestBodyFilter', 'text'],
  ['requestBodyFilter', ['text']],
  ['upstreamResponseFilter', 42],
];

for (const [phase, answer] of NONSENSE) {
  nodeTest(`${phase} answers with ${JSON.stringify(answer)}: 500`, async (t, world) => {
    const url = await world.upstream(async (peer) => {
      if ((await peer.head()) !== undefined) peer.write(ok('fine'));
    });
    const errors: unknown[] = [];
    const bad = { upstreamPeer: () => url, [phase]: () => answer } as AnyPhases;
    await world.listen(
      defineProxy({
        ...bad,
        logging: (_s: unknown, error: unknown) => void errors.push(error),
      } as Phases<object>),
    );
    const seen = await world.ask(post('/', 'hello'));
    await world.settled();
    t.is(seen.status, 500);
    t.is((errors[0] as ProxyError).type, 'Internal');
    t.true(await eventually(() => world.errors.length === 1));
  });
}

nodeTest(
  'a failure in failToProxy, or in the filter of its reply, gets the plain page',
  async (t, world) => {
    const boom = (): never => {
      throw new Error('boom');
    };
    await world.listen(
      defineProxy({ requestFilter: boom })
        .route('/first', { failToProxy: boom })
        .route('/second', { failToProxy: () => reply(503), responseFilter: boom }),
    );
    t.is((await world.get('/first')).status, 500);
    t.is((await world.get('/second')).status, 500);
  },
);

nodeTest('every logging handler runs, also behind one that throws', async (t, world) => {
  const ran: string[] = [];
  const logs = (name: string): AnyPhases => ({
    logging: () => {
      ran.push(name);
      throw new Error(name);
    },
  });
  await world.listen(
    defineProxy(logs('own')).route('/', { requestFilter: () => reply(200), ...logs('route') }),
  );
  await world.get('/');
  await world.settled();
  t.deepEqual(ran, ['route', 'own']);
  t.deepEqual(world.errors.map(String), ['Error: route', 'Error: own']);
});

nodeTest(
  'contexts of plugins are made once per exchange, before earlyRequest',
  async (t, world) => {
    let made = 0;
    const counter = definePlugin({
      name: 'counter',
      context: () => {
        made += 1;
        return { count: made };
      },
      phases: { earlyRequest: (s) => void Object.assign(s.ctx, { count: s.ctx.count + 100 }) },
    });
    const proxy = defineProxy({ context: () => ({ who: 'own' }) })
      .use(counter)
      .route('/', { requestFilter: (s) => reply.json(s.ctx) });
    await world.listen(proxy);
    t.deepEqual(JSON.parse(String((await world.get('/')).body)), { who: 'own', count: 101 });
    t.deepEqual(JSON.parse(String((await world.get('/')).body)), { who: 'own', count: 102 });
  },
);

nodeTest('a context that cannot be made is a 500', async (t, world) => {
  const bad = definePlugin({
    name: 'bad',
    context: (): object => {
      throw new Error('no');
    },
    phases: {},
  });
  await world.listen(
    defineProxy()
      .use(bad)
      .route('/', { requestFilter: () => reply(200) }),
  );
  t.is((await world.get('/')).status, 500);
});

nodeTest(
  'upstreamResponseFilter replaces an answer, and the response filters see the reply',
  async (t, world) => {
    const url = await world.upstream(
      answering(() => 'HTTP/1.1 500 Oops\r\nContent-Length: 6\r\n\r\nsecret'),
    );
    await world.listen(
      defineProxy({
        upstreamPeer: () => url,
        upstreamResponseFilter: (_s, up) => (up.status >= 500 ? reply(503, 'later') : undefined),
        responseFilter: (_s, response) =>
          void response.headers.set('x-status', String(response.status)),
      }),
    );
    const { status, head, body } = await world.get('/');
    t.is(`${status} ${body}`, '503 later');
    t.is(fieldOf(head, 'x-status'), '503');
  },
);

test('a misspelt phase, or one that is no function, is refused when it is given', (t) => {
  t.throws(() => defineProxy({ requestFilterr: () => undefined } as Phases<object>), {
    message: /'requestFilterr' is no phase/,
  });
  t.throws(() => defineProxy().phases({ logging: 1 } as unknown as Phases<object>), {
    message: /not a function/,
  });
  t.throws(() => defineProxy().route('x', 'http://a'), { message: /begin with/ });
  t.true(new ProxyError('Internal', 'internal', undefined) instanceof Error);
});
