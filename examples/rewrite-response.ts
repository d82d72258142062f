import { StringDecoder } from 'node:string_decoder';
import { defineProxy } from 'sluice/proxy';

// Rewrites pages on their way: links to the server's own name become links to the proxy. What may
// continue in the next chunk is held back; framing, lengths and tags are the engine's affair.
//   node rewrite-response.js 127.0.0.1:8080 http://127.0.0.1:9001 http://internal.test
const [server = 'http://127.0.0.1:9001', from = 'http://internal.test'] = process.argv.slice(3);

const app = defineProxy({
  context: () => ({ decoder: new StringDecoder('utf8'), held: '', isText: false }),
  upstreamPeer: () => server,
  // Plain and whole: a filter sees the bytes as they are encoded.
  upstreamRequestFilter: (_session, up) =>
    void up.headers.delete('accept-encoding').delete('range').delete('if-range'),
  responseFilter({ ctx }, response) {
    ctx.isText = response.headers.get('content-type')?.startsWith('text/') === true;
    const location = response.headers.get('location');
    if (location?.startsWith(from))
      response.headers.set('location', location.slice(from.length) || '/');
  },
  responseBodyFilter({ ctx }, chunk, end) {
    if (!ctx.isText) return undefined;
    const text =
      ctx.held + (chunk === undefined ? ctx.decoder.end() : ctx.decoder.write(Buffer.from(chunk)));
    const pieces = text.split(from);
    const last = pieces.pop() ?? '';
    const keeps = end ? 0 : Math.min(last.length, from.length - 1);
    ctx.held = last.slice(last.length - keeps);
    return [Buffer.from([...pieces, last.slice(0, last.length - keeps)].join(''))];
  },
});

const [host = '', port = ''] = (process.argv[2] ?? '127.0.0.1:8080').split(':');
const running = await app.listen({ host, port: Number(port) });
console.log(`listening on ${running.address.host}:${running.address.port}`);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void running.close({ drainMs: 1000 }));
