import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, type Server as NetServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import theirs from 'http-proxy';
import type { ServerOptions } from '../../../src/compat/http-proxy/index.ts';
import { createProxyServer, type ProxyServer } from '../../../src/compat/http-proxy/index.ts';

/** Both are used through one type: that of ours, which has every name of theirs. */
export type Create = (options?: ServerOptions) => ProxyServer;

export const IMPLEMENTATIONS: readonly (readonly [name: string, create: Create])[] = [
  ['sluice', createProxyServer],
  ['http-proxy', theirs.createProxyServer as unknown as Create],
];

export type Answer = {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
};

export type Asked = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
};

/** Servers of one test, and what asks them; all of it ends with the test. */
export class World {
  readonly create: Create;
  readonly #t: ExecutionContext;

  constructor(t: ExecutionContext, create: Create) {
    this.#t = t;
    this.create = create;
  }

  /** A server on any port; returns its URL without a path. */
  async serve(handler: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
    const server = createServer(handler);
    this.#t.teardown(() => server.closeAllConnections());
    return `http://127.0.0.1:${await this.open(server)}`;
  }

  /** Tells what came, as JSON. */
  echo(): Promise<string> {
    return this.serve(async (req, res) => {
      const body = await textOf(req);
      const { method, url, headers } = req;
      res.end(JSON.stringify({ method, url, headers, body }));
    });
  }

  /** Listens, and closes with the test. Returns the port. */
  async open(server: NetServer): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#t.teardown(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  /** A server of Node's whose requests and upgrades all go to `proxy`. */
  async front(proxy: ProxyServer, options?: ServerOptions): Promise<string> {
    const server = createServer((req, res) => proxy.web(req, res, options ?? {}));
    server.on('upgrade', (req, socket, head) => proxy.ws(req, socket, head, options ?? {}));
    this.#t.teardown(() => {
      server.closeAllConnections();
      proxy.close();
    });
    return `http://127.0.0.1:${await this.open(server)}`;
  }

  /** A proxy with these options and a server before it. */
  proxy(options: ServerOptions): Promise<string> {
    return this.front(this.create(options));
  }
}

/** One request on a connection of its own. */
export function ask(base: string, path = '/', asked: Asked = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const { method = 'GET', headers = {}, body } = asked;
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path, method, headers, agent: false };
    const outgoing = request(options, async (res) => {
      const { statusCode: status = 0, statusMessage: reason = '', rawHeaders } = res;
      try {
        resolve({ status, reason, headers: res.headers, rawHeaders, body: await textOf(res) });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** What an echo server says came to it. */
export async function echoed(
  base: string,
  path = '/',
  asked: Asked = {},
): Promise<{ method: string; url: string; headers: Record<string, string>; body: string }> {
  return JSON.parse((await ask(base, path, asked)).body);
}

/** Sends `text` as it is and returns everything that comes until the end. */
export function raw(base: string, text: string): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.setEncoding('latin1').on('data', (data) => {
      received += data;
    });
    socket.on('error', reject).on('end', () => resolve(received));
    socket.write(text, 'latin1');
  });
}

export async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Waits until `holds`; the test's own deadline bounds it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Fields that a message has and `names` lists, in that order. */
export function pick(headers: Record<string, unknown>, ...names: string[]): unknown[] {
  return names.map((name) => headers[name]);
}
