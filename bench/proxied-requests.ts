import type { SocketId } from '../src/core/operation.ts';
import { proxyConfig, ReverseProxy } from '../src/proxy/index.ts';
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

const port = new EmptyPort();
const upstream = { authority: '127.0.0.1:1', servers: [HERE], idleMax: CONNECTIONS };
const proxy = new ReverseProxy(port, proxyConfig({ requestsMax: 1e9, upstream }));
const clients: SocketId[] = [];

port.turn(() => void proxy.listen(HERE));
port.turn(() => {
  for (let i = 0; i < CONNECTIONS; i += 1) clients.push(port.accept());
});

/** One request on each connection: a turn in which all come, and one in which all are answered. */
function round(request: Uint8Array): number {
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
}

export const proxiedRequests: Scenarios = {
  '64 small requests': () => round(small),
  '64 browser-like requests': () => round(browser),
};
