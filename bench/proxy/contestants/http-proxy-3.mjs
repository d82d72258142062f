import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy-3';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
// Without an agent http-proxy-3 asks the upstream to close, like its ancestor.
const agent = new Agent({ keepAlive: true, maxSockets: 128 });
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent });
proxy.on('error', (_error, _request, response) => response.destroy());

const server = createServer((request, response) => proxy.web(request, response));
server.keepAliveTimeout = 3_600_000;
server.listen({ port, host: '127.0.0.1', backlog: 4096 });
