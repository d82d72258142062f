import { rule } from '../net/worlds.ts';
import { get, location, run, server } from './site-kit.ts';

const shown = [
  { name: 'X-Got', value: [{ name: 'uid_got' }], always: true },
  { name: 'X-Set', value: [{ name: 'uid_set' }], always: true },
];
const field = (answer: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\\r$`, 'm').exec(answer)?.[1];

rule('a client without a cookie gets one, and is known by it from then on', async (t, world) => {
  const conf = { userId: 'on', addHeaders: shown, userIdFlags: ['secure'] } as const;
  const site = await run(world, [server({ location: location('', conf) })]);
  const first = await get(world, site, '/');
  const cookie = field(first, 'Set-Cookie') ?? '';
  t.regex(cookie, /^uid=[A-Za-z0-9+/]{22}==; path=\/; secure$/);
  const set = field(first, 'X-Set');
  t.regex(set ?? '', /^uid=[0-9A-F]{32}$/);
  t.is(field(first, 'X-Got'), undefined);
  const second = await get(world, site, '/', `Cookie: a=b; ${cookie.split(';')[0]}\r\n`);
  t.is(field(second, 'Set-Cookie'), undefined);
  t.is(field(second, 'X-Got'), set);
  const third = await get(world, site, '/');
  t.not(field(third, 'X-Set'), set, 'another client is another one');
  await site.close();
});

rule('cookies may be read and never set', async (t, world) => {
  const conf = { userId: 'log', addHeaders: shown } as const;
  const site = await run(world, [server({ location: location('', conf) })]);
  t.is(field(await get(world, site, '/'), 'Set-Cookie'), undefined);
  const answer = await get(world, site, '/', 'Cookie: uid=AQIDBAUGBwgJCgsMDQ4PEA==\r\n');
  t.is(field(answer, 'X-Got'), 'uid=0403020108070605'.concat('0C0B0A09100F0E0D'));
  await site.close();
});

rule('what is no cookie of ours is logged and replaced', async (t, world) => {
  const conf = { userId: 'v1', addHeaders: shown, userIdMark: 'x', userIdExpires: 'max' } as const;
  const site = await run(world, [server({ location: location('', conf) })]);
  const answer = await get(world, site, '/', 'Cookie: uid=short\r\n');
  t.regex(
    field(answer, 'Set-Cookie') ?? '',
    /^uid=[A-Za-z0-9+/]{22}x=; expires=Thu, 31-Dec-37 23:55:55 GMT; path=\/$/,
  );
  t.true(site.errors.some((line) => line.includes('client sent too short userid cookie "short"')));
  await site.close();
});
