import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { defineProxy, forwardProxy } from '../../../src/proxy/framework/index.ts';
import { selfSigned } from '../../support/certificate.ts';
import { type TunnelSite, tunnelTest } from './tunnel-site.ts';

const run = promisify(execFile);
const NAME = 'secure.test';
const UPLOAD_BYTES = 3 * 1024 * 1024;

const whyNoCurl = await run('curl', ['--version']).then(
  () => undefined,
  (error: unknown) => String(error),
);
if (whyNoCurl !== undefined) test.skip(`curl cannot be run here: ${whyNoCurl}`, () => {});

/** Runs curl with its output on one text; rejects where curl fails. */
async function curl(...options: readonly string[]): Promise<string> {
  const { stdout } = await run('curl', ['-sS', '--max-time', '30', ...options], {
    env: { PATH: process.env.PATH ?? '' },
  });
  return stdout;
}

const answer: RequestListener = (request, response) => {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => {
    response.setHeader('X-Asked', `${request.method} ${request.url}`);
    response.end(`${request.headers.host} got ${bytes}\n`);
  });
};

/** Listens for as long as `body` runs. */
async function serving(server: Server, body: (port: number) => Promise<void>): Promise<void> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    await body((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Starts a forward proxy that knows one name; says what curl calls it. */
async function proxyUrl(site: TunnelSite): Promise<string> {
  const auth = {
    realm: 'curl',
    check: (user: string, password: string) => user === 'user' && password === 'secret',
  };
  const lookup = async () => ({ addresses: ['127.0.0.1'], ttlMs: 60_000 });
  const proxy = defineProxy().use(forwardProxy({ allow: ({ host }) => host === NAME, auth }));
  await site.start(proxy, { lookup });
  return `http://user:secret@127.0.0.1:${site.boundPort}`;
}

if (whyNoCurl === undefined) {
  tunnelTest('curl asks a forward proxy for a page', async (t, site) => {
    await serving(createHttpServer(answer), async (port) => {
      const out = await curl('-x', await proxyUrl(site), '-i', `http://${NAME}:${port}/a?b`);
      t.regex(out, /^HTTP\/1\.1 200 OK\r\n/);
      t.regex(out, /\r\nX-Asked: GET \/a\?b\r\n/);
      t.true(out.endsWith(`${NAME}:${port} got 0\n`));
    });
  });

  tunnelTest('curl -p opens a tunnel for plain HTTP, and uses it twice', async (t, site) => {
    await serving(createHttpServer(answer), async (port) => {
      const url = `http://${NAME}:${port}/`;
      const out = await curl('-x', await proxyUrl(site), '-p', url, url);
      t.is(out, `${NAME}:${port} got 0\n`.repeat(2));
    });
    t.deepEqual(
      (await site.logs(1)).map(({ kind, status }) => [kind, status]),
      [['connect', 200]],
    );
  });

  tunnelTest('curl speaks TLS with a server behind the proxy, and uploads', async (t, site) => {
    const { key, certificate } = selfSigned(NAME);
    const folder = await mkdtemp(join(tmpdir(), 'sluice-curl-'));
    try {
      const ca = join(folder, 'ca.pem');
      const body = join(folder, 'body');
      await writeFile(ca, certificate);
      await writeFile(body, Buffer.alloc(UPLOAD_BYTES, 'x'));
      const server = createHttpsServer({ key, cert: certificate }, answer);
      await serving(server, async (port) => {
        const url = `https://${NAME}:${port}/`;
        const proxy = await proxyUrl(site);
        const out = await curl('-x', proxy, '--cacert', ca, '-T', body, url);
        t.is(out, `${NAME}:${port} got ${UPLOAD_BYTES}\n`);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  tunnelTest('curl is told why there is no tunnel', async (t, site) => {
    const known = await proxyUrl(site);
    const unknown = known.replace('secret', 'guessed');
    const connectCode = ['-o', '/dev/null', '-w', '%{http_connect}'];
    const codeOf = (proxy: string, name: string) =>
      curl('-x', proxy, ...connectCode, `https://${name}/`).catch(
        ({ stdout }: { readonly stdout: string }) => stdout,
      );
    t.is(await codeOf(unknown, NAME), '407');
    t.is(await codeOf(known, 'other.test'), '403');
  });
}
