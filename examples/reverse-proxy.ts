import { createServer, type Server } from 'node:http';
import { nodePort } from 'sluice/adapters/node';
import type { Endpoint } from 'sluice/core';
import { proxyConfig, ReverseProxy } from 'sluice/proxy';

// Two servers and a reverse proxy before them, in one process. PORT chooses the proxy's port.
const PORT = Number(process.env.PORT ?? 8080);
const HOST = '127.0.0.1';

/** An upstream that says who answered, and streams `/count/N` a line at a time. */
function upstream(name: string): Promise<{ server: Server; endpoint: Endpoint }> {
  const server = createServer((request, response) => {
    const lines = Math.min(Number(/^\/count\/(\d+)$/.exec(request.url ?? '')?.[1] ?? 0), 1e6);
    response.setHeader('content-type', 'text/plain');
    if (lines === 0) response.end(`${name} answers ${request.method} ${request.url}\n`);
    else for (let line = 1; line <= lines; line += 1) response.write(`${name}: ${line}\n`);
    response.end();
  });
  return new Promise((resolve) => {
    server.listen(0, HOST, () => {
      const { port } = server.address() as { port: number };
      resolve({ server, endpoint: { family: 'ipv4', address: HOST, port } });
    });
  });
}

const upstreams = await Promise.all([upstream('left'), upstream('right')]);
const port = nodePort();
const config = proxyConfig({
  upstream: { authority: 'demo', servers: upstreams.map(({ endpoint }) => endpoint) },
});
const log = { write: (lines: string) => process.stdout.write(lines), wallMs: () => Date.now() };
const proxy = new ReverseProxy(port, config, { log });
const bound = await proxy.listen({ family: 'ipv4', address: HOST, port: PORT });

const url = `http://${bound.address}:${bound.port}`;
console.log(`Sluice listens on ${url}, before two servers that take turns. Try:`);
console.log(`  curl ${url}/            twice: left, then right`);
console.log(`  curl ${url}/count/1000  a chunked answer, relayed as it comes`);
console.log(`  wrk -c 64 -d 5 ${url}/`);
console.log('Ctrl-C stops it.');

async function stop(): Promise<void> {
  await proxy.close({ drainMs: 1000 });
  port.close();
  for (const { server } of upstreams) server.close();
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
