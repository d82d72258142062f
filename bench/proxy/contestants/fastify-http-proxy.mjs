import httpProxy from '@fastify/http-proxy';
import fastify from 'fastify';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const app = fastify({ logger: false, keepAliveTimeout: 3_600_000 });
app.register(httpProxy, {
  upstream: `http://127.0.0.1:${upstreamPort}`,
  undici: { connections: 128, pipelining: 1, keepAliveTimeout: 3_600_000 },
  replyOptions: {
    // It passes the upstream's keep-alive on, also to a client that asked to close.
    rewriteHeaders(headers, request) {
      if (request?.headers.connection === 'close') headers.connection = 'close';
      return headers;
    },
  },
});
await app.listen({ port, host: '127.0.0.1', backlog: 4096 });
