import { type ProgramConf, readConfig } from '../../src/config/index.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { listen, type Stream } from '../../src/net/index.ts';
import type { Environment, SiteConf } from '../../src/server/index.ts';
import type { World } from '../net/worlds.ts';
import { type RunningSite, run } from './site-kit.ts';

/** What a server says to a request; nothing: it closes. `connection` counts from 0. */
export type Answer = (
  head: string,
  connection: number,
  body: string,
) => string | undefined | Promise<string>;

/** A server that a test speaks for. */
export type FakeServer = {
  readonly endpoint: Endpoint;
  readonly address: string;
  /** Whole requests, in their order. */
  readonly requests: string[];
  readonly connections: () => number;
  close(): Promise<void>;
};

/** Answers the requests of every connection in the world, one after the other. */
export async function fakeServer(world: World, answer: Answer): Promise<FakeServer> {
  const listener = await listen(world.port, world.any);
  const requests: string[] = [];
  const ended: Promise<void>[] = [];
  let connections = 0;
  const serving = (async () => {
    for await (const stream of listener) {
      ended.push(serve(stream, connections, answer, requests));
      connections += 1;
    }
  })();
  // Its end is an error, which whoever closes it expects.
  serving.catch(() => {});
  const { endpoint } = listener;
  return {
    endpoint,
    address: `${endpoint.address}:${endpoint.port}`,
    requests,
    connections: () => connections,
    async close() {
      await listener.close();
      await serving.catch(() => {});
      await Promise.all(ended);
    },
  };
}

async function serve(
  stream: Stream,
  connection: number,
  answer: Answer,
  requests: string[],
): Promise<void> {
  let text = '';
  try {
    for await (const chunk of stream) {
      text += Buffer.from(chunk).toString('latin1');
      for (let end = endOf(text); end > 0; end = endOf(text)) {
        const head = text.slice(0, text.indexOf('\r\n\r\n') + 4);
        requests.push(text.slice(0, end));
        const said = await answer(head, connection, text.slice(head.length, end));
        text = text.slice(end);
        if (said === undefined) return;
        await stream.send(Buffer.from(said, 'latin1'));
        if (/^Connection: close\r$/im.test(said)) return;
      }
    }
  } catch {
    // The site has reset the connection.
  } finally {
    await stream.close();
  }
}

/** Where the first whole request ends; 0: it is not there. */
function endOf(text: string): number {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return 0;
  const length = Number(/^Content-Length: (\d+)\r$/im.exec(text.slice(0, end))?.[1] ?? 0);
  if (/^Transfer-Encoding: chunked\r$/im.test(text.slice(0, end))) {
    const last = text.indexOf('0\r\n\r\n', end);
    return last < 0 ? 0 : last + 5;
  }
  return text.length >= end + length ? end + length : 0;
}

/** A whole answer with a length. */
export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** What an `http` block says, as data. Throws what is wrong with it. */
export function siteOf(text: string): SiteConf {
  const file = '/etc/nginx.conf';
  const sources = { read: () => `events {}\nhttp {\n${text}\n}`, glob: () => [] };
  const result = readConfig({ sources, file, prefix: '/srv/', isRoot: true });
  if ('error' in result) throw result.error;
  return (result.conf as ProgramConf).site as SiteConf;
}

/** Runs what an `http` block says, but for where it listens: one free address of the world. */
export async function runConf(
  world: World,
  text: string,
  extra: Partial<Environment> = {},
): Promise<RunningSite> {
  const conf = siteOf(text);
  const servers = conf.servers.map((server) => ({ ...server, listens: [] }));
  return run(world, servers, conf, undefined, extra);
}
