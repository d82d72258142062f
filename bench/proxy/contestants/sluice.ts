import { parseArgs } from 'node:util';
import { epollPort } from '../../../adapters/epoll/index.ts';
import { ioUringPort } from '../../../adapters/io-uring/index.ts';
import { nodePort } from '../../../adapters/node/index.ts';
import { LogFile } from '../../../src/cli/log-file.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { proxyConfig, ReverseProxy } from '../../../src/proxy/index.ts';

// node sluice.js --adapter NAME [--access-log FILE] PORT UPSTREAM_PORT
// Our own proxy as a contestant: one process, GET / passed to one upstream.

const { values, positionals } = parseArgs({
  options: { adapter: { type: 'string', default: 'node' }, 'access-log': { type: 'string' } },
  allowPositionals: true,
});
const [port, upstreamPort] = positionals.map(Number);
if (port === undefined || upstreamPort === undefined) {
  throw new Error('expected --adapter NAME PORT UPSTREAM_PORT');
}
const adapters: Readonly<Record<string, () => ProactorPort>> = {
  epoll: epollPort,
  'io-uring': ioUringPort,
  node: nodePort,
};
const adapter = adapters[values.adapter];
if (adapter === undefined) throw new Error(`no adapter '${values.adapter}'`);

const server = { family: 'ipv4', address: '127.0.0.1', port: upstreamPort } as const;
const config = proxyConfig({
  // As for nginx in the same run: connections are kept for as long as the run lasts.
  requestsMax: 1_000_000_000,
  forwardedFor: false,
  upstream: {
    authority: `127.0.0.1:${upstreamPort}`,
    servers: [server],
    idleMax: 128,
    requestsMax: 1_000_000_000,
  },
});
const logFile = values['access-log'];
const log = logFile && { write: new LogFile(logFile).write, wallMs: Date.now };
const proxy = new ReverseProxy(adapter(), config, log ? { log } : {});
await proxy.listen({ family: 'ipv4', address: '127.0.0.1', port });
