import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { defineProxy } from '../../src/proxy/framework/index.ts';
import { worldTest } from '../proxy/framework/world.ts';
import { type Answer, type Asked, ask } from './node-client.ts';
import { describing, hashOf, MIB, nodeUpstream, unlikeBytes } from './node-upstream.ts';
import { curl, folderFor, type Nginx, startNginx, whyNo } from './peer-programs.ts';
import { LIMITS, proxyTo } from './proxy-to.ts';

const nginxTest: typeof worldTest = whyNo('nginx') === undefined ? worldTest : () => {};
const whyNoCurl = whyNo('curl');

const FILE = unlikeBytes(3 * MIB + 1);
const TEXT = 'Lines of text that are worth to be compressed.\n'.repeat(2_000);
const CHANGED = 'Wed, 01 Jan 2025 00:00:00 GMT';
/** What says something about the answer, and not about the connection or the moment. */
const SAME = [
  ...['content-type', 'content-length', 'content-range', 'content-encoding', 'accept-ranges'],
  ...['etag', 'last-modified', 'vary', 'location', 'allow', 'transfer-encoding', 'server'],
];

const FILES = `
    gzip on;
    gzip_types text/plain;
    types { text/plain txt; }
    location = /connection { return 200 "$connection $connection_requests"; }
    location = /moved { return 302 /file; }
    location = /empty-204 { return 204; }`;

/** An nginx with files. */
async function fileServer(t: ExecutionContext, more = ''): Promise<Nginx> {
  const folder = await folderFor(t);
  const root = join(folder, 'root');
  await mkdir(root);
  for (const [name, body] of [
    ['file', FILE],
    ['text.txt', TEXT],
    ['empty', ''],
  ] as const) {
    await writeFile(join(root, name), body);
    await utimes(join(root, name), new Date(CHANGED), new Date(CHANGED));
  }
  return startNginx(t, folder, `root ${root}; ${FILES} ${more}`);
}

/** The parts of an answer that a proxy must not change. */
function essence({ status, headers, body }: Answer): object {
  // nginx counts the boundaries that it makes.
  const boundary = /boundary=(\w+)/.exec(headers['content-type'] ?? '')?.[1];
  const plain = (value: string) => (boundary ? value.replaceAll(boundary, 'B') : value);
  const fields = SAME.map((name) => [name, plain(String(headers[name]))]);
  return { status, fields, body: hashOf(Buffer.from(plain(body.toString('latin1')), 'latin1')) };
}

/** What a browser asks of a file server. */
const QUESTIONS: readonly (readonly [path: string, asked: Asked])[] = [
  ['/file', {}],
  ['/file', { method: 'HEAD' }],
  ['/file', { headers: { range: 'bytes=100-199' } }],
  ['/file', { headers: { range: 'bytes=-1000' } }],
  ['/file', { headers: { range: `bytes=${MIB}-` } }],
  ['/file', { headers: { range: 'bytes=0-9,5000-5999,2000000-3000000' } }],
  ['/file', { headers: { range: 'bytes=99999999-' } }],
  ['/file', { headers: { range: 'bytes=0-9', 'if-range': '"another"' } }],
  ['/file', { headers: { range: 'bytes=0-9', 'if-range': CHANGED } }],
  ['/file', { headers: { 'if-modified-since': CHANGED } }],
  ['/file', { headers: { 'if-modified-since': 'Mon, 01 Jan 2024 00:00:00 GMT' } }],
  ['/file', { headers: { 'if-unmodified-since': 'Mon, 01 Jan 2024 00:00:00 GMT' } }],
  ['/file', { headers: { 'if-none-match': '"another"' } }],
  ['/file', { headers: { 'if-match': '"another"' } }],
  ['/file', { method: 'POST', body: Buffer.from('not here') }],
  ['/file', { method: 'POST', body: Buffer.alloc(2 * MIB) }],
  ['/file', { method: 'DELETE' }],
  ['/text.txt', {}],
  ['/text.txt', { headers: { 'accept-encoding': 'gzip' } }],
  ['/text.txt', { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } }],
  ['/empty', {}],
  ['/missing', {}],
  ['/empty-204', {}],
];

nginxTest("nginx's files come as if there were no proxy", async (t, world) => {
  const { url } = await fileServer(t);
  const proxy = await proxyTo(world, url);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const [path, asked] of QUESTIONS) {
    const what = `${asked.method ?? 'GET'} ${path} ${JSON.stringify(asked.headers ?? {})}`;
    const direct = await ask(`${url}${path}`, asked);
    const relayed = await ask(`${proxy}${path}`, { ...asked, agent });
    t.deepEqual(essence(relayed), essence(direct), what);
  }
  const { etag = '' } = (await ask(`${proxy}/file`)).headers;
  const same = await ask(`${proxy}/file`, { headers: { 'if-none-match': etag }, agent });
  t.deepEqual([same.status, same.headers.etag, same.body.length], [304, etag, 0]);
  agent.destroy();
});

nginxTest('nginx is asked again on the connection that is there', async (t, world) => {
  const { url } = await fileServer(t);
  const proxy = await proxyTo(world, url);
  const answers: string[] = [];
  for (let i = 0; i < 10; i += 1) answers.push(String((await ask(`${proxy}/connection`)).body));
  const [first = ''] = answers;
  const [connection] = first.split(' ');
  t.deepEqual(
    answers,
    answers.map((_, i) => `${connection} ${i + 1}`),
  );
});

nginxTest('nginx may end its connections after five requests', async (t, world) => {
  const { url } = await fileServer(t, 'keepalive_requests 5;');
  const proxy = await proxyTo(world, url);
  const asked = Array.from({ length: 100 }, () => ask(`${proxy}/text.txt`));
  for (const { status, body } of await Promise.all(asked)) {
    t.is(status, 200);
    t.is(String(body), TEXT);
  }
});

/** Two ways in which nginx speaks to its upstreams. */
const PROXIED = {
  'HTTP/1.0': 'proxy_http_version 1.0;',
  'HTTP/1.1':
    'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;',
};

for (const [version, directives] of Object.entries(PROXIED)) {
  nginxTest(`nginx proxies to us by ${version}, and we to nginx and Node`, async (t, world) => {
    const files = await fileServer(t);
    const node = await nodeUpstream(t, describing);
    const routes = defineProxy().route('/', files.url).route('/up', node.url);
    const { address } = await world.listen(routes, { limits: LIMITS });
    const ours = `server 127.0.0.1:${address.port}; keepalive 4;`;
    const front = await startNginx(
      t,
      await folderFor(t),
      `client_max_body_size 64m; proxy_buffering off; ${directives}
    location / { proxy_pass http://sluice; }`,
      `upstream sluice { ${ours} }`,
    );
    for (const path of ['/file', '/text.txt', '/empty', '/missing', '/empty-204']) {
      const direct = await ask(`${files.url}${path}`);
      const relayed = await ask(`${front.url}${path}`);
      t.is(relayed.status, direct.status, path);
      t.true(relayed.body.equals(direct.body), path);
    }
    const range = { headers: { range: 'bytes=1000-1999' } };
    t.true((await ask(`${front.url}/file`, range)).body.equals(FILE.subarray(1000, 2000)));
    for (const headers of [{ 'content-length': String(FILE.length) }, {}]) {
      const up = await ask(`${front.url}/up`, { method: 'PUT', body: FILE, headers });
      t.like(JSON.parse(String(up.body)), { method: 'PUT', hash: hashOf(FILE) });
    }
  });
}

if (whyNoCurl === undefined) {
  nginxTest('curl resumes, splits and decompresses what nginx has', async (t, world) => {
    const { url } = await fileServer(t);
    const proxy = await proxyTo(world, url);
    const got = async (...args: readonly string[]): Promise<Buffer> => (await curl(args)).out;
    t.true((await got('-r', '100-199', `${proxy}/file`)).equals(FILE.subarray(100, 200)));
    t.true((await got('-r', '-500', `${proxy}/file`)).equals(FILE.subarray(-500)));
    t.true((await got('-C', '3000000', `${proxy}/file`)).equals(FILE.subarray(3_000_000)));
    t.is(String(await got('--compressed', `${proxy}/text.txt`)), TEXT);
    t.is(
      String(
        await got('-L', '-r', '0-0', '-w', '%{http_code}', '-o', '/dev/null', `${proxy}/moved`),
      ),
      '206',
    );
    t.is(hashOf(await got('--limit-rate', '20M', `${proxy}/file`)), hashOf(FILE));
  });
}
