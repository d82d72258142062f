import { Zones } from '../../src/server/index.ts';
import { rule, type World } from '../net/worlds.ts';
import { type FakeServer, fakeServer, ok, runConf } from './proxy-kit.ts';
import { body, get } from './site-kit.ts';

async function two(world: World, fields = ''): Promise<readonly [FakeServer, FakeServer]> {
  const one = (name: string): Promise<FakeServer> => fakeServer(world, () => ok(name, fields));
  return [await one('a'), await one('b')];
}

function group([a, b]: readonly [FakeServer, FakeServer], more: string, words = ['', '']): string {
  return `upstream u {
      server ${a.address} ${words[0]}; server ${b.address} ${words[1]}; ${more}
    }
    server { location / { proxy_pass http://u; } }`;
}

const cookieIn = (answer: string): string => /^Set-Cookie: (.*)\r$/m.exec(answer)?.[1] ?? '';

rule('a cookie brings a client back to its server', async (t, world) => {
  const servers = await two(world);
  const site = await runConf(world, group(servers, 'sticky cookie s path=/ httponly;'));
  const first = await get(world, site, '/');
  const cookie = cookieIn(first);
  t.regex(cookie, /^s=[0-9a-f]{32}; httponly; path=\/$/);
  const field = `Cookie: ${cookie.split(';')[0]}\r\n`;
  const word = first.slice(-1);
  for (let i = 0; i < 4; i += 1) t.is(await body(world, site, '/', field), word);
  t.not(await body(world, site, '/'), await body(world, site, '/'), 'others take turns');
  await site.close();
  for (const one of servers) await one.close();
});

rule('a cookie that names nobody is replaced', async (t, world) => {
  const servers = await two(world);
  const site = await runConf(world, group(servers, 'sticky cookie s expires=1h samesite=$arg_x;'));
  const cookie = cookieIn(await get(world, site, '/?x=odd', 'Cookie: s=nobody\r\n'));
  t.regex(
    cookie,
    /^s=[0-9a-f]{32}; expires=\w{3}, \d\d-\w{3}-\d\d .* GMT; max-age=3600; samesite=strict$/,
  );
  await site.close();
  for (const one of servers) await one.close();
});

rule('a route leads to its server, also to one that is drained', async (t, world) => {
  const servers = await two(world);
  const text = group(servers, 'sticky route $arg_r;', ['route=x', 'route=y drain']);
  const site = await runConf(world, text);
  for (let i = 0; i < 3; i += 1) {
    t.is(await body(world, site, '/?r=y'), 'b');
    t.is(await body(world, site, '/'), 'a', 'nobody new goes to a drained one');
  }
  await site.close();
  for (const one of servers) await one.close();
});

rule('sessions are learnt from answers, and outlive the configuration', async (t, world) => {
  const servers = await two(world, 'Set-Cookie: sid=one\r\n');
  const learn =
    'sticky learn create=$upstream_cookie_sid lookup=$cookie_sid zone=l:64k timeout=1h;';
  const zones = new Zones();
  const site = await runConf(world, group(servers, learn), { zones });
  const word = await body(world, site, '/');
  for (let i = 0; i < 3; i += 1) {
    t.is(await body(world, site, '/', 'Cookie: sid=one\r\n'), word);
  }
  const next = await runConf(world, group(servers, learn), { zones: new Zones(zones) });
  t.is(await body(world, next, '/', 'Cookie: sid=one\r\n'), word);
  for (const one of [site, next]) await one.close();
  for (const one of servers) await one.close();
});
