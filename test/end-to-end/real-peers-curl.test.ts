import { worldTest } from '../proxy/framework/world.ts';
import { type Described, describing, nodeUpstream } from './node-upstream.ts';
import { curl, whyNo } from './peer-programs.ts';
import { proxyTo } from './proxy-to.ts';

const curlTest: typeof worldTest = whyNo('curl') === undefined ? worldTest : () => {};

async function described(...args: readonly string[]): Promise<Described> {
  const { text, errors } = await curl(args);
  if (!text.startsWith('{')) throw new Error(`curl says '${text}' ${errors}`);
  return JSON.parse(text);
}

curlTest('curl asks with every method, with and without a body', async (t, world) => {
  const { url } = await nodeUpstream(t, describing);
  const proxy = await proxyTo(world, url);
  const asked = async (method: string, ...args: readonly string[]) => {
    const { method: seen, bytes, url: target } = await described('-X', method, ...args);
    return [seen, target, bytes];
  };
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND']) {
    const [bare, full] = [`${proxy}/bare?${method}`, `${proxy}/full?${method}`];
    t.deepEqual(await asked(method, bare), [method, `/bare?${method}`, 0]);
    t.deepEqual(await asked(method, '-d', 'abc', full), [method, `/full?${method}`, 3]);
  }
  t.deepEqual(await asked('TRACE', `${proxy}/t`), ['TRACE', '/t', 0]);
  t.deepEqual(await asked('OPTIONS', '--request-target', '*', proxy), ['OPTIONS', '*', 0]);
  const head = await curl([
    '-I',
    `${proxy}/h`,
    `${proxy}/h`,
    '-w',
    '%{size_download} %{num_connects}\n',
  ]);
  t.regex(head.text, /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*content-length: \d+\r\n(.+\r\n)*\r\n0 1\n/i);
  t.true(
    head.text.endsWith('\r\n\r\n0 0\n'),
    'the answer to HEAD has no body, and keeps the connection',
  );
});

curlTest('curl --http1.0 gets whole answers, framed as it can read them', async (t, world) => {
  const { url } = await nodeUpstream(t, (request, response) => {
    if (request.url !== '/chunked') return describing(request, response);
    for (let i = 0; i < 100; i += 1) response.write(`${i}\n`);
    response.end();
  });
  const proxy = await proxyTo(world, url);
  const chunked = await curl(['-0', '-i', `${proxy}/chunked`]);
  t.is(chunked.status, 0, chunked.errors);
  const [head = '', body] = chunked.text.split('\r\n\r\n');
  t.notRegex(head, /transfer-encoding/i);
  t.regex(head, /\r\nConnection: close/i);
  t.is(body, Array.from({ length: 100 }, (_, i) => `${i}\n`).join(''));
  t.like(await described('-0', '-d', 'abc', proxy), { method: 'POST', bytes: 3 });
  const kept = await curl([
    ...['-0', '-H', 'Connection: keep-alive', '-o', '/dev/null', '-o', '/dev/null'],
    ...['-w', '%{http_code} %{num_connects},', proxy, proxy],
  ]);
  t.is(kept.text, '200 1,200 0,');
});

curlTest('curl --raw shows chunks that decode to the body', async (t, world) => {
  const { url } = await nodeUpstream(t, (_request, response) => {
    for (let i = 0; i < 100; i += 1) response.write('line '.repeat(i + 1));
    response.end();
  });
  const { text } = await curl(['--raw', await proxyTo(world, url)]);
  let body = '';
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    const bytes = Number.parseInt(text.slice(at, end), 16);
    body += text.slice(end + 2, end + 2 + bytes);
    at = end + 2 + bytes + 2;
    if (bytes === 0) break;
  }
  t.is(at, text.length, 'nothing stands behind the last chunk');
  t.is(body, Array.from({ length: 100 }, (_, i) => 'line '.repeat(i + 1)).join(''));
});

curlTest('curl uses one connection for twenty requests of every kind', async (t, world) => {
  const { url, server } = await nodeUpstream(t, describing);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  const proxy = await proxyTo(world, url);
  const kinds = [[], ['-I'], ['-d', 'abc'], ['-X', 'DELETE']];
  const args = Array.from({ length: 20 }, (_, i) => [
    ...(i === 0 ? [] : ['--next']),
    ...(kinds[i % kinds.length] as string[]),
    ...['-sS', '-o', '/dev/null', '-w', '%{http_code} %{num_connects},', `${proxy}/${i}`],
  ]);
  t.is((await curl(args.flat())).text, `200 1,${'200 0,'.repeat(19)}`);
  t.is(connections, 1, 'and so does the proxy');
});
