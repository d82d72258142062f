import { definePlugin, defineProxy, type ProxyBuilder } from 'sluice/proxy';

// A canary: who asks for it, and PERCENT of the others, get the new version. SIGHUP reads the
// number anew and replaces the proxy's definition; no request notices.
//   PERCENT=5 node canary.js 127.0.0.1:8080 http://127.0.0.1:9001 http://127.0.0.1:9002
const [stable = 'http://127.0.0.1:9001', canary = stable] = process.argv.slice(3);

/** Splits by the client's address, so that one client stays with one version. */
function isChosen(address: string, percent: number): boolean {
  let hash = 0;
  for (const char of address) hash = (hash * 31 + char.charCodeAt(0)) % 9973;
  return hash % 100 < percent;
}

function define(percent: number): ProxyBuilder<object> {
  const split = definePlugin({
    name: 'canary',
    phases: {
      // undefined leaves the choice to the route.
      upstreamPeer: ({ req, clientIp }) =>
        req.headers.has('x-canary') || isChosen(clientIp, percent) ? canary : undefined,
    },
  });
  return defineProxy().use(split).route('/', stable);
}

const app = define(Number(process.env.PERCENT ?? 5));

const [host = '', port = ''] = (process.argv[2] ?? '127.0.0.1:8080').split(':');
const running = await app.listen({ host, port: Number(port) });
console.log(`listening on ${running.address.host}:${running.address.port}`);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void running.close({ drainMs: 1000 }));

let percent = Number(process.env.PERCENT ?? 5);
process.on('SIGHUP', () => {
  percent = Math.min(100, percent * 10);
  void running.replace(define(percent)).then(() => console.log(`${percent} percent`));
});
