import type { SocketId } from '../src/core/operation.ts';
import { PhasedProxy } from '../src/proxy/framework/running.ts';
import {
  definePlugin,
  defineProxy,
  proxyConfig,
  ReverseProxy,
  upstream,
} from '../src/proxy/index.ts';
import { EmptyPort } from './empty-port.ts';
import { browser, small } from './head-parsing.ts';
import type { Scenarios } from './scenarios.ts';

/** What one request costs above the adapter: parsed, passed on, answered, with no system call. */
const CONNECTIONS = 64;
const HERE = { family: 'ipv4', address: '127.0.0.1', port: 1 } as const;
const ANSWER: Uint8Array = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Fri, 20 Nov 2026 09:00:00 GMT\r\n' +
    'Content-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\n\r\nHello, world\n',
);

/** A proxy with 64 clients: each round brings a request on each, and its answer. */
function rounds(make: (port: EmptyPort) => ReverseProxy): (request: Uint8Array) => number {
  const port = new EmptyPort();
  const proxy = make(port);
  const clients: SocketId[] = [];
  port.turn(() => void proxy.listen(HERE));
  port.turn(() => {
    for (let i = 0; i < CONNECTIONS; i += 1) clients.push(port.accept());
  });
  return (request) => {
    port.turn(() => {
      for (const client of clients) port.receive(client, request);
    });
    const upstreams = port.sent.splice(0);
    port.turn(() => {
      for (const server of upstreams) port.receive(server, ANSWER);
    });
    const answers = port.sent.splice(0).length;
    if (answers !== CONNECTIONS) throw new Error(`${answers} of ${CONNECTIONS} were answered`);
    return answers;
  };
}

const servers = { authority: '127.0.0.1:1', servers: [HERE], idleMax: CONNECTIONS };
const config = proxyConfig({ requestsMax: 1e9, upstream: servers });

const plain = rounds((port) => new ReverseProxy(port, config));

/** Lines are made, gathered, and written nowhere. */
const log = { write: () => {}, wallMs: Date.now };
const logged = rounds((port) => new ReverseProxy(port, config, { log }));

const OPTIONS = { port: 0, limits: { requestsPerConnection: 1e9 } };
const group = upstream('bench', {
  servers: ['http://127.0.0.1:1'],
  keepalive: { idle: CONNECTIONS, requests: 1e6 },
});

/** The framework, with nothing to do. */
const routed = rounds(
  (port) =>
    new PhasedProxy(
      port,
      defineProxy({ upstreamPeer: () => group }).definition,
      OPTIONS,
      undefined,
    ),
);

const header = definePlugin({
  name: 'header',
  phases: {
    responseFilter: (_session, response) => void response.headers.set('x-served-by', 'me'),
  },
});

const plugged = rounds(
  (port) =>
    new PhasedProxy(
      port,
      defineProxy({ upstreamPeer: () => group }).use(header).definition,
      OPTIONS,
      undefined,
    ),
);

export const proxiedRequests: Scenarios = {
  '64 small requests': () => plain(small),
  '64 small requests, an access log': () => logged(small),
  '64 small requests, phases': () => routed(small),
  '64 small requests, a plugin that sets a header': () => plugged(small),
  '64 browser-like requests': () => plain(browser),
  '64 browser-like requests, an access log': () => logged(browser),
  '64 browser-like requests, phases': () => routed(browser),
  '64 browser-like requests, a plugin that sets a header': () => plugged(browser),
};
