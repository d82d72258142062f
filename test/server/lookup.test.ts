import type { GeoConf, MapConf } from '../../src/server/conf/lookup-conf.ts';
import { rule } from '../net/worlds.ts';
import { body, location, run, server } from './site-kit.ts';

const say = (text: readonly (string | { readonly name: string })[]) =>
  server({
    location: location('', {
      locations: [location('/', { script: [{ kind: 'return', status: 200, text }] })],
    }),
  });

const map = (conf: Partial<MapConf>): MapConf => ({
  variable: 'mapped',
  source: [{ name: 'arg_a' }],
  hostnames: false,
  volatile: false,
  fallback: '',
  entries: [],
  ...conf,
});

const geo = (conf: Partial<GeoConf>): GeoConf => ({
  variable: 'where',
  source: undefined,
  volatile: false,
  fallback: 'elsewhere',
  networks: [],
  ranges: undefined,
  proxies: [],
  proxyRecursive: false,
  ...conf,
});

rule('a map is looked up by what its source is for the request', async (t, world) => {
  const entries = [
    { key: 'one', value: 'first' },
    { key: /^(?<rest>t.+)$/, value: ['regex ', { name: 'rest' }, ' ', { name: '1' }] },
  ];
  const maps = [map({ entries, fallback: ['none of ', { name: 'arg_b' }] })];
  const site = await run(world, [say([{ name: 'mapped' }])], { maps, captureNames: ['rest'] });
  t.is(await body(world, site, '/?a=ONE'), 'first');
  t.is(await body(world, site, '/?a=two'), 'regex two two');
  t.is(await body(world, site, '/?a=x&b=y'), 'none of y');
  await site.close();
});

rule('maps may use one another, in whatever order they stand', async (t, world) => {
  const maps = [
    map({ variable: 'outer', source: [{ name: 'inner' }], entries: [{ key: 'b', value: 'c' }] }),
    map({ variable: 'inner', entries: [{ key: 'a', value: 'b' }] }),
  ];
  const site = await run(world, [say([{ name: 'outer' }])], { maps });
  t.is(await body(world, site, '/?a=a'), 'c');
  await site.close();
});

rule('a map is looked up once per request, unless it is volatile', async (t, world) => {
  const entries = [{ key: /^(.)/, value: [{ name: '1' }] }];
  const source = [{ name: 'args' }];
  const script = (variable: string) =>
    [
      { kind: 'set', variable: 'before', value: [{ name: variable }] },
      { kind: 'set', variable: 'args', value: 'b' },
      { kind: 'return', status: 200, text: [{ name: 'before' }, { name: variable }] },
    ] as const;
  const locations = [
    location('/once', { script: script('once') }),
    location('/each', { script: script('each') }),
  ];
  const maps = [
    map({ variable: 'once', source, entries }),
    map({ variable: 'each', source, entries, volatile: true }),
  ];
  const site = await run(world, [server({ location: location('', { locations }) })], { maps });
  t.is(await body(world, site, '/once?a'), 'aa');
  t.is(await body(world, site, '/each?a'), 'ab');
  await site.close();
});

rule('a variable that nobody makes is refused at the start', async (t, world) => {
  const maps = [map({ source: [{ name: 'nobody' }] })];
  await t.throwsAsync(run(world, [server()], { maps }), { message: 'unknown "nobody" variable' });
});

rule('addresses have the value of their network, or of their range', async (t, world) => {
  const geos = [
    geo({
      networks: [
        { network: '127.0.0.0/8', value: 'here' },
        { network: '2001:db8::/32', value: 'six' },
      ],
    }),
    geo({
      variable: 'by_arg',
      source: 'arg_ip',
      networks: [{ network: '10.0.0.0/8', value: 'ten' }],
    }),
    geo({
      variable: 'by_range',
      source: 'arg_ip',
      ranges: [{ from: '10.0.0.5', to: '10.0.1.9', value: 'within' }],
    }),
  ];
  const text = [{ name: 'where' }, ' ', { name: 'by_arg' }, ' ', { name: 'by_range' }];
  const site = await run(world, [say(text)], { geos });
  t.is(await body(world, site, '/?ip=10.0.1.9'), 'here ten within');
  t.is(await body(world, site, '/?ip=10.0.1.10'), 'here ten elsewhere');
  t.is(await body(world, site, '/?ip=nonsense'), 'here elsewhere elsewhere');
  await site.close();
});

rule('a proxy that geo trusts says whom it speaks for', async (t, world) => {
  const networks = [{ network: '192.0.2.0/24', value: 'told' }];
  const geos = [geo({ networks, proxies: ['127.0.0.0/8'] })];
  const site = await run(world, [say([{ name: 'where' }])], { geos });
  t.is(await body(world, site, '/'), 'elsewhere');
  t.is(await body(world, site, '/', 'X-Forwarded-For: 192.0.2.1\r\n'), 'told');
  await site.close();
});

rule('clients are split by their shares', async (t, world) => {
  const shares = [{ share: 10_000, value: 'all' }];
  const splits = [{ variable: 'share', source: [{ name: 'arg_a' }], shares }];
  const site = await run(world, [say([{ name: 'share' }])], { splits });
  t.is(await body(world, site, '/?a=1'), 'all');
  await site.close();
});
