import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { type Site, Site as SiteClass } from '../proxy/site.ts';
import { type OpenRealPort, REAL_PORTS } from '../support/real-ports.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;

/** Tests with curl are skipped, and say so, where there is none. */
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const declare = hasCurl ? test : test.skip;
if (!hasCurl) test('curl is not here: its tests are skipped', (t) => t.pass());

/** A test for each adapter. */
function curlTest(
  title: string,
  body: (t: ExecutionContext, open: OpenRealPort) => Promise<void>,
): void {
  for (const [name, open] of Object.entries(REAL_PORTS)) {
    declare(`${title} (${name})`, (t) => body(t, open));
  }
}

/** A server of Node's own: somebody else's idea of HTTP. */
async function nodeServer(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === '/chunked') {
      for (let i = 0; i < 100; i += 1) response.write(`${i}\n`);
      response.end();
      return;
    }
    const hash = createHash('sha256');
    request.on('data', (data) => hash.update(data));
    request.on('end', () => {
      const { method, url, headers, httpVersion } = request;
      const body = JSON.stringify({ method, url, headers, httpVersion, hash: hash.digest('hex') });
      response.writeHead(200, { 'content-length': body.length, 'x-from': 'node' });
      response.end(body);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

async function withSite(
  t: ExecutionContext,
  open: OpenRealPort,
  body: (site: Site, url: string) => Promise<void>,
): Promise<void> {
  t.timeout(20_000, 'the test has not ended');
  const server = await nodeServer();
  const site = new SiteClass(open);
  const { port } = server.address() as AddressInfo;
  try {
    await site.start([{ family: 'ipv4', address: '127.0.0.1', port }], { bodyBytesMax: 64 * MIB });
    await body(site, `http://127.0.0.1:${site.boundPort}`);
  } finally {
    await site.end(t);
    server.closeAllConnections();
    server.close();
  }
}

async function curl(...args: string[]): Promise<string> {
  return (await run('curl', ['-sS', '--max-time', '10', ...args], { maxBuffer: 64 * MIB })).stdout;
}

curlTest('curl gets what a node:http server says, with its fields', async (t, open) => {
  await withSite(t, open, async (site, url) => {
    const text = await curl('-i', '-H', 'X-Mine: 1', `${url}/path?query`);
    t.regex(text, /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*x-from: node\r\n/);
    const { headers, ...asked } = JSON.parse(text.slice(text.indexOf('{')));
    t.like(asked, { method: 'GET', url: '/path?query', httpVersion: '1.1' });
    t.like(headers, { host: 'backend.test', 'x-mine': '1', 'x-forwarded-for': '127.0.0.1' });
    t.deepEqual(await site.statuses(1), ['200']);
    t.regex(
      site.lines[0] ?? '',
      /^127\.0\.0\.1 - - \[.*\] "GET \/path\?query HTTP\/1\.1" 200 \d+ "-" "curl/,
    );
  });
});

curlTest('curl asks with HEAD, HTTP/1.0 and OPTIONS *', async (t, open) => {
  await withSite(t, open, async (_site, url) => {
    t.regex(await curl('-I', url), /^HTTP\/1\.1 200 OK\r\n/);
    t.is(JSON.parse(await curl('-0', url)).httpVersion, '1.1');
    t.is(JSON.parse(await curl('-X', 'OPTIONS', '--request-target', '*', url)).url, '*');
  });
});

curlTest('curl uploads 20 MiB with a length, chunked and after 100-continue', async (t, open) => {
  const body = 'sluice '.repeat((20 * MIB) / 7);
  const hash = createHash('sha256').update(body).digest('hex');
  await withSite(t, open, async (_site, url) => {
    for (const fields of [
      [],
      ['-H', 'Transfer-Encoding: chunked'],
      ['-H', 'Expect: 100-continue'],
    ]) {
      const child = execFile('curl', ['-sS', '-T', '-', '--max-time', '10', ...fields, url]);
      let text = '';
      child.stdout?.on('data', (data) => {
        text += data;
      });
      child.stdin?.end(body);
      await once(child, 'close');
      t.is(JSON.parse(text).hash, hash, fields.join(' '));
    }
  });
});

curlTest('curl fetches 100 chunked answers over one connection', async (t, open) => {
  await withSite(t, open, async (site, url) => {
    const urls = Array.from({ length: 100 }, () => `${url}/chunked`);
    const text = await curl('-w', '%{num_connects}\n', ...urls);
    const one = `${Array.from({ length: 100 }, (_, i) => `${i}\n`).join('')}`;
    t.is(text, `${one}1\n${`${one}0\n`.repeat(99)}`);
    t.is((await site.statuses(100)).length, 100);
    t.is(site.proxy.pool.idle, 1);
  });
});
