import { definePlugin, defineProxy, reply, upstream } from 'sluice/proxy';

// A plugin finds out who asks; what it knows chooses the server, a header and the log line.
//   node peer-per-user.js 127.0.0.1:8080 http://127.0.0.1:9001 http://127.0.0.1:9002
const [forPro = 'http://127.0.0.1:9001', forFree = forPro] = process.argv.slice(3);

type User = { readonly id: string; readonly plan: 'free' | 'pro' };
const USERS: ReadonlyMap<string, User> = new Map([
  ['anna-secret', { id: 'anna', plan: 'pro' }],
  ['bert-secret', { id: 'bert', plan: 'free' }],
]);

const who = definePlugin({
  name: 'who',
  context: () => ({ user: undefined as User | undefined }),
  phases: {
    requestFilter(session) {
      session.ctx.user = USERS.get(session.req.headers.get('authorization')?.slice(7) ?? '');
      return session.ctx.user ? undefined : reply.json({ error: 'unauthorized' }, 401);
    },
  },
});

const pro = upstream('pro', { servers: [forPro], balance: 'peak-ewma' });
const free = upstream('free', { servers: [forFree] });

const app = defineProxy()
  .use(who)
  .phases({
    upstreamPeer: (session) => (session.ctx.user?.plan === 'pro' ? pro : free),
    upstreamRequestFilter: (session, up) =>
      void up.headers.delete('authorization').set('x-user', session.ctx.user?.id ?? ''),
    failToConnect: (session) => ({ retry: session.attempts < 3 }),
    failToProxy: (_session, error) =>
      error.source === 'upstream' ? reply(503, 'back soon\n', { 'retry-after': '2' }) : undefined,
    logging: ({ ctx, req, res, bytes, timings }, error) =>
      console.log(
        JSON.stringify({
          user: ctx.user?.id,
          path: req.path,
          status: res?.status,
          sent: bytes.toClient,
          ms: Math.round(timings.done - timings.accepted),
          error: error?.type,
        }),
      ),
  });

const [host = '', port = ''] = (process.argv[2] ?? '127.0.0.1:8080').split(':');
const running = await app.listen({ host, port: Number(port) });
console.log(`listening on ${running.address.host}:${running.address.port}`);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void running.close({ drainMs: 1000 }));
