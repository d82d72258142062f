import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { nodeRandom } from '../../../adapters/node/node-random.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import {
  ActiveChecks,
  type HealthOptions,
  type Poolable,
  UpstreamGroup,
  upstreamConfig,
} from '../../../src/proxy/upstream/index.ts';
import { REAL_PORTS } from '../../support/real-ports.ts';
import { clientOf } from './sim-health.ts';

const WITHIN_MS = 20_000;

/** A real HTTP server that is well or not, and what active checks make of it. */
class Site {
  readonly port: ProactorPort;
  readonly group: UpstreamGroup;
  readonly checks: ActiveChecks<Poolable>;
  #waiting: ((event: string) => void) | undefined;

  constructor(port: ProactorPort, serverPort: number, health: HealthOptions) {
    this.port = port;
    const servers = [`127.0.0.1:${serverPort}`];
    this.group = new UpstreamGroup(upstreamConfig('u', { servers, health }), {
      clock: port.loop,
      random: nodeRandom(),
      observer: (_, __, event) => this.#waiting?.(event),
    });
    this.checks = new ActiveChecks(this.group, clientOf(port), nodeRandom());
  }

  event(): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no event')), WITHIN_MS);
      this.#waiting = (event) => {
        clearTimeout(timer);
        resolve(event);
      };
    });
  }
}

for (const [name, open] of Object.entries(REAL_PORTS)) {
  for (const [what, uri] of Object.entries({ HTTP: '/health', TCP: undefined })) {
    test(`${name}: ${what} checks see a server go and come back`, async (t) => {
      const http = createServer((_, response: ServerResponse) => response.end('fine'));
      const number = await listening(http, 0);
      const health = { ...(uri !== undefined && { uri }), intervalMs: 200, timeoutMs: 200 };
      const port = open();
      const site = new Site(port, number, health);
      try {
        site.checks.start();
        const gone = site.event();
        await stop(http);
        t.is(await gone, 'down');
        const back = site.event();
        await listening(http, number);
        t.is(await back, 'up');
      } finally {
        site.checks.stop();
        await stop(http);
        await new Promise<void>((resolve) => port.close(resolve));
      }
      t.is(port.openSockets, 0);
    });
  }
}

async function listening(server: Server, port: number): Promise<number> {
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
