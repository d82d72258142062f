import {
  type BodyFilter,
  definePlugin,
  defineProxy,
  type NoContext,
  type Phases,
  type Plugin,
  reply,
  type Session,
  upstream,
} from '../../src/cli/proxy.ts';

// What the types of the framework accept and refuse: the compiler is the test. A line that is to
// be refused says so with @ts-expect-error, which is an error itself where the line compiles.

type User = { readonly id: string; readonly plan: 'free' | 'pro' };

const jwt = definePlugin({
  name: 'jwt',
  context: () => ({ user: undefined as User | undefined }),
  phases: {
    async requestFilter(s) {
      s.ctx.user = { id: s.req.headers.get('authorization') ?? '', plan: 'pro' };
      return s.ctx.user.id === '' ? reply.json({ error: 'unauthorized' }, 401) : undefined;
    },
  },
});

const audit = definePlugin<NoContext, { user: User | undefined }>({
  name: 'audit',
  phases: { logging: (s) => void s.ctx.user?.id },
});

const group = upstream('api', {
  servers: ['http://10.0.0.1:8080', { url: 'http://10.0.0.2:8080', weight: 3 }],
  balance: 'least-conn',
  health: { uri: '/healthz' },
});

/** Compiles, and is not run. */
export function accepted(): readonly object[] {
  const typed = defineProxy({ context: () => ({ n: 1 }), logging: (s) => void s.ctx.n.toFixed() });
  return [
    defineProxy().use(jwt).use(audit),
    defineProxy()
      .use(jwt)
      .phases({
        upstreamPeer: (s) => (s.ctx.user?.plan === 'pro' ? group : 'http://free:8080'),
        upstreamRequestFilter: (s, up) =>
          void up.headers.delete('authorization').set('x-user', s.ctx.user?.id ?? ''),
        failToConnect: (s) => ({ retry: s.attempts < 3 }),
        failToProxy: (_s, e) =>
          e.source === 'upstream' ? reply(503, 'back soon', { 'retry-after': '2' }) : undefined,
        logging: (s, e) => void [s.res?.status, s.bytes.toClient, s.timings.done, e?.type],
      }),
    typed.route('/', { requestFilter: (s) => reply(200, String(s.ctx.n)) }),
    defineProxy()
      .route('/api/', { upstreamPeer: () => group })
      .route('/assets/', 'http://cdn:9000'),
    defineProxy().route({ host: '*.test', path: /x/, method: ['GET'], header: { a: /b/ } }, typed),
    defineProxy({ upstreamPeer: async () => ({ host: 'a', port: 1, timeouts: { readMs: 1 } }) }),
    upstream('h', { servers: ['http://a:1'], balance: { hash: (s) => s.req.path } }),
  ];
}

/** Filters may give nothing, bytes, a list, or a promise of these. */
export const filters: readonly BodyFilter<NoContext>[] = [
  () => undefined,
  () => {},
  (_s, chunk) => chunk,
  () => [],
  async (_s, _chunk, end) => (end ? new Uint8Array(1) : []),
];

/** Does not compile, line by line, and is not run. */
export function refused(): void {
  // @ts-expect-error missingContext: "user"
  defineProxy().use(audit);
  // @ts-expect-error a Reply or nothing
  defineProxy({ requestFilter: () => 42 });
  // @ts-expect-error a text is no Reply
  defineProxy().route('/', { requestFilter: () => 'no' });
  // @ts-expect-error misspelt phase
  defineProxy({ requestFilterr: () => undefined });
  // @ts-expect-error misspelt phase of a route
  defineProxy().route('/', { upstreamPeers: () => 'http://a' });
  // @ts-expect-error misspelt phase of a plugin
  definePlugin({ name: 'x', phases: { requestFilterr: () => undefined } });
  // @ts-expect-error unknown context member
  defineProxy({ context: () => ({ n: 1 }), logging: (s) => s.ctx.zzz });
  // @ts-expect-error the context of a plugin that is not used
  defineProxy().phases({ logging: (s) => s.ctx.user });
  // @ts-expect-error a hash needs its key
  upstream('h', { servers: ['http://a:1'], balance: 'hash' });
  // @ts-expect-error no such balance
  upstream('h', { servers: ['http://a:1'], balance: 'fastest' });
  // @ts-expect-error servers are needed
  upstream('h', {});
  // @ts-expect-error a body filter gives bytes
  defineProxy({ responseBodyFilter: () => 'text' });
  // @ts-expect-error a decision says whether to retry
  defineProxy({ failToConnect: () => ({ delayMs: 1 }) });
  // @ts-expect-error logging answers nothing
  defineProxy({ logging: () => reply(200) });
  // @ts-expect-error a number is no destination
  defineProxy().route('/', 8080);
}

/** What is read-only for handlers. */
export function readOnly(s: Session<{ readonly user: User }>): void {
  // @ts-expect-error the number of attempts is the engine's
  s.attempts = 1;
  // @ts-expect-error what was sent has been sent
  if (s.res !== undefined) s.res.status = 200;
  // @ts-expect-error the version of a request is what it is
  s.req.httpVersion = '1.0';
}

/** Needs and gifts of a plugin, as a type of its own. */
export type Needing = Plugin<{ user: User }, { seen: number }>;
export type Handlers = Required<Phases<NoContext>>;
