import { createReadStream } from 'node:fs';
import { defineProxy, reply } from 'sluice/proxy';

// Answers without any server: text, JSON, a redirect, a stream. The log has a line of JSON each.
//   node static-reply.js 127.0.0.1:8080
const app = defineProxy()
  .route({ exact: '/' }, { requestFilter: () => reply(200, 'hello\n') })
  .route({ exact: '/status' }, { requestFilter: () => reply.json({ up: process.uptime() > 0 }) })
  .route({ exact: '/old' }, { requestFilter: () => reply.redirect('/', 308) })
  .route(
    { exact: '/source', method: ['GET', 'HEAD'] },
    {
      requestFilter: () => ({
        status: 200,
        headers: { 'content-type': 'text/javascript' },
        body: createReadStream(new URL(import.meta.url)),
      }),
    },
  );
const accessLog = { write: (lines: string) => void process.stdout.write(lines), format: 'json' };

const [host = '', port = ''] = (process.argv[2] ?? '127.0.0.1:8080').split(':');
const running = await app.listen({ host, port: Number(port), accessLog });
console.log(`listening on ${running.address.host}:${running.address.port}`);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void running.close({ drainMs: 1000 }));
