import { definePlugin, defineProxy } from 'sluice/proxy';

// An A/B test: a visitor without the cookie is given a group by chance, and stays in it.
//   node ab-by-cookie.js 127.0.0.1:8080 http://127.0.0.1:9001 http://127.0.0.1:9002
const [a = 'http://127.0.0.1:9001', b = a] = process.argv.slice(3);

const ab = definePlugin({
  name: 'ab',
  context: () => ({ group: '', isNew: false }),
  phases: {
    earlyRequest({ req, ctx }) {
      const [, group] = /(?:^|; )group=([ab])(?:;|$)/.exec(req.headers.get('cookie') ?? '') ?? [];
      ctx.isNew = group === undefined;
      ctx.group = group ?? (Math.random() < 0.5 ? 'a' : 'b');
    },
    upstreamPeer: ({ ctx }) => (ctx.group === 'a' ? a : b),
    responseFilter({ ctx }, response) {
      response.headers.append('vary', 'cookie');
      if (ctx.isNew) response.headers.append('set-cookie', `group=${ctx.group}; Path=/; HttpOnly`);
    },
  },
});

const app = defineProxy().use(ab);

const [host = '', port = ''] = (process.argv[2] ?? '127.0.0.1:8080').split(':');
const running = await app.listen({ host, port: Number(port) });
console.log(`listening on ${running.address.host}:${running.address.port}`);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void running.close({ drainMs: 1000 }));
