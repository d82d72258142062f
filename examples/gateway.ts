import { defineProxy, reply, upstream } from 'sluice/proxy';

// A gateway: two servers that share the work and are checked, a prefix that is replaced, and an
// answer of its own for the rest. LISTEN, two API servers and an asset server are the arguments:
//   node gateway.js 127.0.0.1:8080 http://127.0.0.1:9001 http://127.0.0.1:9002 http://127.0.0.1:9003
const [first = 'http://127.0.0.1:9001', second = first, assets = first] = process.argv.slice(3);

const api = upstream('api', {
  servers: [first, { url: second, weight: 3 }],
  balance: 'least-conn',
  health: { uri: '/healthz', intervalMs: 1000 },
});

const app = defineProxy()
  .route('/api/', {
    upstreamPeer: () => api,
    responseFilter: (_session, response) => void response.headers.delete('server'),
  })
  .route('/assets/', `${assets}/public/`)
  .route('/', { requestFilter: () => reply(404, 'nothing here\n') });

const [host = '', port = ''] = (process.argv[2] ?? '127.0.0.1:8080').split(':');
const running = await app.listen({ host, port: Number(port) });
console.log(`listening on ${running.address.host}:${running.address.port}`);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void running.close({ drainMs: 1000 }));
