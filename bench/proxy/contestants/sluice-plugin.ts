import { parseArgs } from 'node:util';
import { LogFile } from '../../../src/cli/log-file.ts';
import { type AdapterName, openPort } from '../../../src/cli/open-port.ts';
import { definePlugin, defineProxy, upstream } from '../../../src/cli/proxy.ts';

// node sluice-plugin.js --adapter NAME [--access-log FILE] PORT UPSTREAM_PORT
// The framework as a contestant: a plugin that sets one field of each response.

const { values, positionals } = parseArgs({
  options: { adapter: { type: 'string', default: 'node' }, 'access-log': { type: 'string' } },
  allowPositionals: true,
});
const [port, upstreamPort] = positionals.map(Number);
if (port === undefined || upstreamPort === undefined) {
  throw new Error('expected --adapter NAME PORT UPSTREAM_PORT');
}

const backend = upstream('backend', {
  servers: [`http://127.0.0.1:${upstreamPort}`],
  // As for nginx in the same run: connections are kept for as long as the run lasts.
  keepalive: { idle: 128, requests: 1_000_000_000 },
});
const header = definePlugin({
  name: 'header',
  phases: {
    responseFilter: (_session, response) => void response.headers.set('X-Served-By', 'sluice'),
  },
});
const logFile = values['access-log'];
await defineProxy({ upstreamPeer: () => backend })
  .use(header)
  .listen({
    port,
    host: '127.0.0.1',
    core: openPort({ adapter: values.adapter as AdapterName }),
    forwardedFor: false,
    limits: { requestsPerConnection: 1_000_000_000 },
    ...(logFile !== undefined && { accessLog: new LogFile(logFile) }),
  });
