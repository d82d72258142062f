import { connect } from '../../src/net/index.ts';
import { rule } from '../net/worlds.ts';
import { exchange, get, listenOn, location, type RunningSite, run, server } from './site-kit.ts';

const TEXT = ['remote_addr', 'remote_port', 'realip_remote_addr', 'proxy_protocol_addr'].flatMap(
  (name, index) => [index === 0 ? '' : ' ', { name }],
);
/** Behind the phase that looks at the address. */
const fields = [{ name: 'X', value: TEXT, always: true }];
const word = (answer: string): string => /^X: (.*)\r$/m.exec(answer)?.[1] ?? answer;

rule('a trusted proxy says in a field whom it speaks for', async (t, world) => {
  const conf = {
    realIpFrom: ['127.0.0.0/8'],
    realIpHeader: { kind: 'field', name: 'X-Forwarded-For' },
    addHeaders: fields,
  } as const;
  const site = await run(world, [server({ location: location('', conf) })]);
  const answer = word(await get(world, site, '/', 'X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\n'));
  t.is(answer, '192.0.2.2  127.0.0.1 ');
  t.regex(word(await get(world, site, '/')), /^127\.0\.0\.1 \d+ 127\.0\.0\.1 $/);
  await site.close();
});

rule('the address of the field is what access is decided by', async (t, world) => {
  const conf = {
    realIpFrom: ['127.0.0.1'],
    accessRules: [{ allow: false, from: '192.0.2.0/24' }],
  };
  const site = await run(world, [server({ location: location('', conf) })]);
  t.true((await get(world, site, '/')).startsWith('HTTP/1.1 404'));
  const denied = await get(world, site, '/', 'X-Real-IP: 192.0.2.1\r\n');
  t.true(denied.startsWith('HTTP/1.1 403'));
  t.true(site.errors.some((line) => /access forbidden by rule, client: 192\.0\.2\.1,/.test(line)));
  await site.close();
});

const proxied = (world: { readonly any: Parameters<typeof listenOn>[0] }) =>
  server({
    clientHeaderTimeout: 200,
    listens: [listenOn(world.any, { proxyProtocol: true })],
    location: location('', {
      addHeaders: fields,
      realIpFrom: ['127.0.0.1'],
      realIpHeader: { kind: 'proxy-protocol' },
    }),
  });

const REQUEST = 'GET / HTTP/1.0\r\nHost: a\r\n\r\n';
const LINE = 'PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\n';

rule('a connection begins with the PROXY protocol where that is said', async (t, world) => {
  const site = await run(world, [proxied(world)]);
  t.is(word(await exchange(world, site, LINE + REQUEST)), '192.0.2.1 123 127.0.0.1 192.0.2.1');
  t.regex(
    word(await exchange(world, site, `PROXY UNKNOWN\r\n${REQUEST}`)),
    /^127\.0\.0\.1 \d+ 127\.0\.0\.1 $/,
  );
  await site.close();
});

/** Sends one byte after the other. */
async function dribble(
  world: Parameters<typeof exchange>[0],
  { endpoint }: RunningSite,
  text: string,
): Promise<string> {
  const stream = await connect(world.port, endpoint);
  for (const char of text) await stream.send(Buffer.from(char, 'latin1'));
  let answer = '';
  for await (const chunk of stream) answer += Buffer.from(chunk).toString('latin1');
  await stream.close();
  return answer;
}

rule('its head may come in pieces', async (t, world) => {
  const site = await run(world, [proxied(world)]);
  t.is(word(await dribble(world, site, LINE + REQUEST)), '192.0.2.1 123 127.0.0.1 192.0.2.1');
  await site.close();
});

rule('a connection that begins otherwise is closed and logged', async (t, world) => {
  const site = await run(world, [proxied(world)]);
  await t.throwsAsync(exchange(world, site, REQUEST));
  await site.close();
  t.true(site.errors.some((line) => /^\[error\] broken header.* PROXY protocol/.test(line)));
});

rule('a connection that says nothing is closed after the time of a head', async (t, world) => {
  const site = await run(world, [proxied(world)]);
  await t.throwsAsync(exchange(world, site, 'PROXY TCP4'));
  await site.close();
  t.true(site.errors.some((line) => /^\[info\] client timed out .* client: 127/.test(line)));
});

rule('the end does not wait for connections that have said nothing', async (t, world) => {
  const site = await run(world, [proxied(world)]);
  const stream = await connect(world.port, site.endpoint);
  await stream.send(Buffer.from(LINE.slice(0, 5)));
  // Behind it: it is accepted first.
  t.truthy(await exchange(world, site, LINE + REQUEST));
  await site.close();
  t.is(site.site.connections.size, 0);
  await stream.close().catch(() => {}); // It was reset.
});
