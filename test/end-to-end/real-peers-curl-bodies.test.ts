import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { defineProxy, reply } from '../../src/proxy/framework/index.ts';
import { worldTest } from '../proxy/framework/world.ts';
import {
  type Described,
  describing,
  hashOf,
  MIB,
  nodeUpstream,
  unlikeBytes,
} from './node-upstream.ts';
import { curl, folderFor, whyNo } from './peer-programs.ts';
import { LIMITS, proxyTo } from './proxy-to.ts';

const curlTest: typeof worldTest = whyNo('curl') === undefined ? worldTest : () => {};

const LARGE = unlikeBytes(20 * MIB);
const LARGE_HASH = hashOf(LARGE);

curlTest('curl -T sends 20 MiB, however it frames them', async (t, world) => {
  const { url } = await nodeUpstream(t, describing);
  const proxy = await proxyTo(world, url);
  const file = join(await folderFor(t), 'large');
  await writeFile(file, LARGE);
  // By itself curl asks first where it knows that the body is large.
  for (const [source, ...fields] of [
    [file],
    ['-', '-H', 'Expect:'],
    ['-', '-H', 'Expect: 100-continue'],
  ] as const) {
    const { text, errors } = await curl(['-T', source, ...fields, `${proxy}/up`], LARGE);
    const { hash, headers, method } = JSON.parse(text) as Described;
    t.is(hash, LARGE_HASH, `${fields} ${source} ${errors}`);
    t.is(method, 'PUT');
    const { 'content-length': length, 'transfer-encoding': coding } = headers;
    const framing = source === '-' ? [undefined, 'chunked'] : [String(LARGE.length), undefined];
    t.deepEqual([length, coding], framing);
  }
});

curlTest('curl gets 20 MiB back while it still sends them', async (t, world) => {
  const { url } = await nodeUpstream(t, (request, response) => void request.pipe(response));
  const proxy = await proxyTo(world, url);
  const { out, errors, status } = await curl(['-T', '-', `${proxy}/echo`], LARGE);
  t.is(status, 0, errors);
  t.is(hashOf(out), LARGE_HASH);
});

curlTest('curl --limit-rate reads slowly, and the server waits with it', async (t, world) => {
  let ended = 0;
  const { url } = await nodeUpstream(t, (_request, response) => {
    response.end(LARGE, () => {
      ended = performance.now();
    });
  });
  const proxy = await proxyTo(world, url);
  const startMs = performance.now();
  const { out, errors } = await curl(['--limit-rate', '24M', proxy]);
  const tookMs = performance.now() - startMs;
  t.is(hashOf(out), LARGE_HASH, errors);
  t.true(tookMs > 400, `it took ${tookMs} ms`);
  t.true(ended - startMs > 100, `the server was done after ${ended - startMs} ms`);
});

curlTest('curl that leaves within a body leaves nothing behind', async (t, world) => {
  const leaves: string[] = [];
  const answers = new Set<ServerResponse>();
  const { url } = await nodeUpstream(t, (request, response) => {
    response.on('close', () => leaves.push(`${request.url} ${response.writableFinished}`));
    answers.add(response);
    if (request.url === '/down') {
      // A client that has only closed its side is found out by what it is sent.
      const more = setInterval(() => response.write('more\n'), 5);
      response.on('close', () => clearInterval(more));
    } else request.resume().on('error', () => {});
  });
  const proxy = await proxyTo(world, url);
  const brief = ['--max-time', '1.5'];
  const down = await curl([`${proxy}/down`, ...brief]);
  t.is(down.status, 28, 'curl says that its time is over');
  t.regex(down.text, /^(more\n)+$/);
  // Not from its standard input: curl ends a body without a length properly when its time is over.
  const file = join(await folderFor(t), 'large');
  await writeFile(file, LARGE);
  const slowly = ['--limit-rate', '1M', '-H', 'Expect:'];
  const up = await curl(['-T', file, ...slowly, `${proxy}/up`, ...brief]);
  t.is(up.status, 28);
  t.true(await world.settled());
  for (const answer of answers) if (!answer.closed) await once(answer, 'close');
  t.deepEqual(leaves.sort(), ['/down false', '/up false']);
});

curlTest('curl that asks first is not made to send what is refused', async (t, world) => {
  const { url: nowhere, server } = await nodeUpstream(t, describing);
  server.close(); // Nobody listens there any more.
  const proxy = defineProxy({
    async requestFilter({ req }) {
      await setImmediate();
      return req.path === '/refused' ? reply(403, 'no') : undefined;
    },
  }).route('/', nowhere);
  const { address } = await world.listen(proxy, { limits: LIMITS });
  const base = `http://127.0.0.1:${address.port}`;
  const asks = ['-i', '-H', 'Expect: 100-continue', '--expect100-timeout', '30'];
  const told = ['-w', ' %{http_code} %{size_upload}', '-T', '-'];
  const filtered = await curl([...asks, ...told, `${base}/refused`], LARGE);
  t.regex(filtered.text, /^HTTP\/1\.1 403 (.*\r\n)+\r\nno 403 0$/, filtered.errors);
  const lost = await curl([...asks, ...told, `${base}/lost`], LARGE);
  t.regex(lost.text, /^HTTP\/1\.1 502 (.*\r\n)+\r\n502\n 502 0$/, lost.errors);
});

curlTest('curl does not begin a body that is over the limit', async (t, world) => {
  const { url } = await nodeUpstream(t, describing);
  const { address } = await world.listen(defineProxy().route('/', url));
  const file = join(await folderFor(t), 'large');
  await writeFile(file, LARGE);
  const told = ['-i', '-w', ' %{http_code} %{size_upload}', '--expect100-timeout', '30'];
  const tooLarge = await curl([...told, '-T', file, `http://127.0.0.1:${address.port}/any`]);
  t.regex(tooLarge.text, /^HTTP\/1\.1 413 .* 413 0$/s, tooLarge.errors);
});

curlTest(
  'curl that does not ask reads the refusal, though nobody took its body',
  async (t, world) => {
    const { url } = await nodeUpstream(t, (_request, response) => {
      response.writeHead(401, { connection: 'close' }).end('who?');
    });
    const proxy = defineProxy({
      requestFilter: ({ req }) => (req.path === '/refused' ? reply(403, 'no') : undefined),
    }).route('/', url);
    const { address } = await world.listen(proxy, { limits: LIMITS });
    const base = `http://127.0.0.1:${address.port}`;
    const told = ['-w', ' %{http_code}', '-H', 'Expect:', '-T', '-'];
    t.regex((await curl([...told, `${base}/refused`], LARGE)).text, /^no 403$/);
    t.regex((await curl([...told, `${base}/server`], LARGE)).text, /^who\? 401$/);
  },
);

curlTest(
  'curl that asks first is answered by the proxy alone, with a body or without',
  async (t, world) => {
    const { url, server } = await nodeUpstream(t, describing);
    const seen: (string | undefined)[] = [];
    server.on('checkContinue', (request, response) => {
      seen.push(request.headers.expect);
      response.writeContinue();
      describing(request, response);
    });
    const proxy = await proxyTo(world, url);
    const expects = ['-H', 'Expect: 100-continue'];
    const bare = await curl([...expects, proxy]);
    t.like(JSON.parse(bare.text), { method: 'GET', bytes: 0 });
    const full = await curl([...expects, '-d', 'abc', proxy]);
    t.like(JSON.parse(full.text), { method: 'POST', bytes: 3 });
    t.deepEqual(seen, [], 'the server is not asked');
  },
);
