import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

const children = new Set<ChildProcess>();
// An error that nobody caught ends a test without its teardown.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

type Example = {
  readonly child: ChildProcess;
  readonly url: string;
  line(): Promise<string>;
  /** Presses Ctrl-C: it must end by itself, with code 0. */
  stop(): Promise<void>;
};

async function run(t: ExecutionContext, name: string, ...args: string[]): Promise<Example> {
  t.timeout(30_000, 'the example has not ended');
  const path = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [path, '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SECRET: 'hush', PERCENT: '0' },
  });
  children.add(child);
  t.teardown(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const printed = lines[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await printed.next()).value ?? '';
  const [, address] = /^listening on (127\.0\.0\.1:\d+)$/.exec(await line()) ?? [];
  t.truthy(address, `it says where it listens: ${errors}`);
  return {
    child,
    url: `http://${address}`,
    line,
    async stop() {
      child.kill('SIGINT');
      t.deepEqual(await exited, [0, null]);
      t.is(errors, '');
    },
  };
}

type Asked = { readonly name: string; readonly url: string; readonly headers: IncomingHttpHeaders };

/** A server that says what it was asked. */
async function server(t: ExecutionContext, name: string): Promise<string> {
  const upstream = createServer((request, response) => {
    const { url, headers } = request;
    response.setHeader('server', 'secret');
    response.end(JSON.stringify({ name, url, headers }));
  });
  t.teardown(() => upstream.closeAllConnections());
  t.teardown(() => upstream.close());
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
}

async function asked(url: string, headers: Record<string, string> = {}): Promise<Asked> {
  return (await (await fetch(url, { headers })).json()) as Asked;
}

test('gateway: routes, a balanced group, a prefix that is replaced, an answer of its own', async (t) => {
  const servers = [await server(t, 'one'), await server(t, 'two'), await server(t, 'assets')];
  const example = await run(t, 'gateway', ...servers);
  const names = new Set<string>();
  for (let i = 0; i < 8; i += 1) {
    const response = await fetch(`${example.url}/api/x?y=1`);
    t.is(response.headers.get('server'), null);
    const { name, url } = (await response.json()) as Asked;
    t.is(url, '/api/x?y=1');
    names.add(name);
  }
  t.deepEqual([...names].sort(), ['one', 'two']);
  t.like(await asked(`${example.url}/assets/a.css`), { name: 'assets', url: '/public/a.css' });
  const none = await fetch(`${example.url}/other`);
  t.is(`${none.status} ${await none.text()}`, '404 nothing here\n');
  await example.stop();
});

test('peer-per-user: who asks chooses the server, and is logged', async (t) => {
  const example = await run(t, 'peer-per-user', await server(t, 'pro'), 'http://127.0.0.1:1');
  t.is((await fetch(example.url)).status, 401);
  t.like(JSON.parse(await example.line()), { path: '/', status: 401 });
  const anna = await asked(`${example.url}/a`, { authorization: 'Bearer anna-secret' });
  t.is(anna.name, 'pro');
  t.is(anna.headers['x-user'], 'anna');
  t.is(anna.headers.authorization, undefined);
  t.like(JSON.parse(await example.line()), { user: 'anna', path: '/a', status: 200 });
  const bert = await fetch(example.url, { headers: { authorization: 'Bearer bert-secret' } });
  t.is(bert.status, 503);
  t.is(bert.headers.get('retry-after'), '2');
  t.like(JSON.parse(await example.line()), { user: 'bert', status: 503, error: 'ConnectRefused' });
  await example.stop();
});

test('canary: who asks for it gets the new version, and a signal brings it to more', async (t) => {
  const example = await run(t, 'canary', await server(t, 'stable'), await server(t, 'canary'));
  t.is((await asked(example.url)).name, 'stable');
  t.is((await asked(example.url, { 'x-canary': '1' })).name, 'canary');
  if (process.platform !== 'win32') {
    example.child.kill('SIGHUP');
    t.is(await example.line(), '0 percent');
    t.is((await asked(example.url)).name, 'stable');
  }
  await example.stop();
});

/** A token as others make it. */
function token(
  secret: string,
  claims: object,
  header: object = { alg: 'HS256', typ: 'JWT' },
): string {
  const [head, body] = [header, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}

test('jwt-auth: a token that is ours and fresh lets a request pass', async (t) => {
  const example = await run(t, 'jwt-auth', await server(t, 'server'));
  const now = Math.floor(Date.now() / 1000);
  const status = async (bearer: string): Promise<number> =>
    (await fetch(example.url, { headers: { authorization: `Bearer ${bearer}` } })).status;
  const good = await asked(example.url, {
    authorization: `Bearer ${token('hush', { sub: 'anna', exp: now + 60 })}`,
  });
  t.is(good.headers['x-subject'], 'anna');
  t.is(good.headers.authorization, undefined);
  t.is((await fetch(example.url)).status, 401);
  const bad = [
    token('other', { sub: 'anna' }),
    token('hush', { sub: 'anna', exp: now - 60 }),
    token('hush', { sub: 'anna' }, { alg: 'none' }),
    token('hush', {}),
    'a.b.c',
  ];
  for (const one of bad) t.is(await status(one), 401);
  await example.stop();
});

test('ab-by-cookie: a visitor stays in the group of the cookie', async (t) => {
  const example = await run(t, 'ab-by-cookie', await server(t, 'a'), await server(t, 'b'));
  t.is((await asked(example.url, { cookie: 'x=1; group=a' })).name, 'a');
  t.is((await asked(example.url, { cookie: 'group=b; x=1' })).name, 'b');
  const fresh = await fetch(example.url);
  const [, group] = /^group=([ab]); /.exec(fresh.headers.get('set-cookie') ?? '') ?? [];
  t.is(((await fresh.json()) as Asked).name, group as string);
  await example.stop();
});

test('rewrite-response: links are rewritten, also where a chunk ends within one', async (t) => {
  const page = 'see http://internal.test/ä and <a href="http://internal.test/b">';
  const bytes = Buffer.from(page);
  const upstream = createServer(async (_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/html',
      etag: '"1"',
      location: 'http://internal.test/c',
    });
    for (const byte of bytes) {
      response.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    response.end();
  });
  t.teardown(() => upstream.close());
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  const { port } = upstream.address() as AddressInfo;
  const example = await run(t, 'rewrite-response', `http://127.0.0.1:${port}`);
  const response = await fetch(example.url);
  t.is(await response.text(), page.replaceAll('http://internal.test', ''));
  t.is(response.headers.get('location'), '/c');
  t.is(response.headers.get('etag'), 'W/"1"');
  upstream.closeAllConnections();
  await example.stop();
});

test('static-reply: answers without a server, and a line of JSON for each', async (t) => {
  const example = await run(t, 'static-reply');
  t.is(await (await fetch(example.url)).text(), 'hello\n');
  t.like(JSON.parse(await example.line()), { method: 'GET', target: '/', status: 200 });
  t.deepEqual(await (await fetch(`${example.url}/status`)).json(), { up: true });
  t.is((await fetch(`${example.url}/old`, { redirect: 'manual' })).headers.get('location'), '/');
  t.regex(await (await fetch(`${example.url}/source`)).text(), /createReadStream/);
  const posted = await fetch(`${example.url}/source`, { method: 'POST', body: 'x' });
  t.is(posted.status, 405);
  t.is(posted.headers.get('allow'), 'GET, HEAD');
  await example.stop();
});
