import test from 'ava';
import { definePlugin, reply } from '../../src/proxy/framework/index.ts';
import { type LocationPlugin, pluginOf } from '../../src/server/index.ts';
import { rule } from '../net/worlds.ts';
import { fakeServer, ok, runConf } from './proxy-kit.ts';
import { body, get } from './site-kit.ts';

const FILE = '/p.js';

const with_ = (plugin: object): { readonly plugins: ReadonlyMap<string, LocationPlugin> } => ({
  plugins: new Map([[FILE, pluginOf(FILE, { default: plugin })]]),
});

const PASS = (address: string): string =>
  `server { location / { phase_module ${FILE}; proxy_pass http://${address}; } }`;

rule('a reply of requestFilter is the answer, and nothing goes up', async (t, world) => {
  const upstream = await fakeServer(world, () => ok('up'));
  const plugin = definePlugin({
    name: 'gate',
    context: () => ({ seen: 0 }),
    phases: {
      earlyRequest: (s) => {
        s.ctx.seen += 1;
      },
      requestFilter: async (s) => {
        await Promise.resolve();
        if (s.req.query !== 'x') return undefined;
        return reply(402, `später ${s.ctx.seen}`, { 'X-Why': s.clientIp });
      },
    },
  });
  const site = await runConf(world, PASS(upstream.address), with_(plugin));
  const answer = await get(world, site, '/?x');
  t.regex(answer, /^HTTP\/1\.1 402 [\s\S]*Content-Type: text\/plain; charset=utf-8\r\n/);
  t.regex(answer, /Content-Length: 9\r\n[\s\S]*X-Why: 127\.0\.0\.1\r\n/);
  t.is(Buffer.from(answer, 'latin1').toString('utf8').slice(-8), 'später 1');
  t.is(upstream.requests.length, 0);
  t.is(await body(world, site, '/?y'), 'up');
  await site.close();
  await upstream.close();
});

rule('heads are changed on their way up and back, and the end is told', async (t, world) => {
  const upstream = await fakeServer(world, () => ok('up', 'X-Secret: 1\r\n'));
  const ends: string[] = [];
  const plugin = {
    requestFilter: (s: { req: { headers: { set(name: string, value: string): void } } }) => {
      s.req.headers.set('X-From', 'filter');
    },
    upstreamRequestFilter: async (
      _s: unknown,
      up: import('../../src/proxy/framework/index.ts').RequestHead,
    ) => {
      await Promise.resolve();
      up.path = '/other';
      up.headers.set('X-Up', up.headers.get('host') ?? '').delete('accept');
    },
    responseFilter: (
      _s: unknown,
      res: import('../../src/proxy/framework/index.ts').ResponseHead,
    ) => {
      res.headers.delete('x-secret').set('Content-Type', 'text/x').append('X-Res', '1');
      res.status = 203;
    },
    logging: (s: { res?: { status: number } | undefined; bytes: { toClient: number } }) => {
      ends.push(`${s.res?.status} ${s.bytes.toClient > 0}`);
    },
  };
  const site = await runConf(world, PASS(upstream.address), with_(plugin));
  const answer = await get(world, site, '/a?q=1', 'Accept: x\r\n');
  t.regex(answer, /^HTTP\/1\.1 203 [\s\S]*Content-Type: text\/x\r\n[\s\S]*X-Res: 1\r\n\r\nup$/);
  t.notRegex(answer, /X-Secret/);
  const [request = ''] = upstream.requests;
  t.regex(request, /^GET \/other\?q=1 HTTP\/1\.1\r\n/);
  t.regex(request, /X-Up: 127\.0\.0\.1:\d+\r\n/);
  t.regex(request, /X-From: filter\r\n/);
  t.notRegex(request, /^accept/im);
  t.deepEqual(ends, ['203 true']);
  await site.close();
  await upstream.close();
});

rule('what a handler breaks is a 500, a line in the log, and no more', async (t, world) => {
  const upstream = await fakeServer(world, () => ok('up'));
  const plugin = {
    requestFilter: ({ req }: { req: { query: string } }) => {
      if (req.query === 'a') throw new Error('broken');
      return req.query === 'b' ? Promise.reject(new Error('late')) : undefined;
    },
    upstreamRequestFilter: (
      { req }: { req: { query: string } },
      up: { headers: { set(name: string, value: string): void } },
    ) => {
      if (req.query === 'c') up.headers.set('Content-Length', '5');
    },
    responseFilter: (
      { req }: { req: { query: string } },
      res: { headers: { set(name: string, value: string): void } },
    ) => {
      if (req.query === 'd') res.headers.set('X-A', 'a\r\nX-B: b');
      return req.query === 'e' ? Promise.resolve() : undefined;
    },
  };
  const site = await runConf(world, PASS(upstream.address), with_(plugin));
  for (const query of ['a', 'b', 'c', 'd', 'e']) {
    t.regex(await get(world, site, `/?${query}`), /^HTTP\/1\.1 500 /, query);
  }
  t.is(await body(world, site, '/?f'), 'up');
  const text = site.errors.join('\n');
  for (const why of ['broken', 'late', 'Content-Length is not', 'X-A has', 'asynchronous']) {
    t.true(text.includes(why), why);
  }
  await site.close();
  await upstream.close();
});

test('a file without phases, or with one that no location runs, is refused', (t) => {
  const message = (exported: Record<string, unknown>): string =>
    t.throws(() => pluginOf(FILE, exported))?.message ?? '';
  t.is(message({}), 'it exports no phases');
  t.is(
    message({ default: { requestFiltr: () => {} } }).split(';')[0],
    '"requestFiltr" is no phase',
  );
  t.is(
    message({ default: { upstreamPeer: () => {} } }),
    'the phase "upstreamPeer" does not run in a location',
  );
  t.is(message({ default: { logging: 1 } }), '"logging" is no function');
  t.is(pluginOf(FILE, { logging: () => {} }).name, FILE);
});
