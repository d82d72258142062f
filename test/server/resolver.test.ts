import { Zones } from '../../src/server/index.ts';
import { rule, type World } from '../net/worlds.ts';
import { a, replyTo } from '../support/dns-reply.ts';
import { type Responder, responder } from '../support/dns-responder.ts';
import { fakeServer, ok, runConf } from './proxy-kit.ts';
import { body, get } from './site-kit.ts';

const A = 1;

/** A name server that knows these names, by their address; others have none. */
function names(
  world: World,
  known: Readonly<Record<string, string | undefined>>,
  ttl = 60,
): Promise<Responder> {
  return responder(world, (query) => {
    const { name, end } = question(query);
    const address = query.readUInt16BE(end - 4) === A ? known[name] : undefined;
    const records = address === undefined ? [] : [a(query.subarray(12, end - 4), address, ttl)];
    return [replyTo(query, records, { question: query.subarray(12, end) })];
  });
}

function question(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] as number; length > 0; length = query[at] as number) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 };
}

rule('a name in a variable is asked of the resolver of the location, once', async (t, world) => {
  const upstream = await fakeServer(world, () => ok('there'));
  const { port, address } = upstream.endpoint;
  const dns = await names(world, { 'a.example': address });
  const site = await runConf(
    world,
    `resolver 127.0.0.1:${dns.endpoint.port};
     server { location / { proxy_pass http://$arg_h:${port}; add_header X-Up $upstream_addr; } }`,
  );
  t.regex(await get(world, site, '/?h=a.example'), /X-Up: 127\.0\.0\.1:\d+\r\n[\s\S]*there$/);
  const asked = dns.queries.length;
  t.is(await body(world, site, '/?h=A.Example'), 'there');
  t.is(dns.queries.length, asked, 'the answer is kept, whatever the letters');
  await site.close();
  await dns.close();
  await upstream.close();
});

rule('a name that does not exist is 502, and the log says why', async (t, world) => {
  const dns = await names(world, {});
  const site = await runConf(
    world,
    `resolver 127.0.0.1:${dns.endpoint.port};
     server { location / { proxy_pass http://$arg_h; } }`,
  );
  t.regex(await get(world, site, '/?h=b.example'), /^HTTP\/1\.1 502 /);
  t.true(site.errors.some((line) => line.includes('b.example could not be resolved (3: Host not')));
  await site.close();
  await dns.close();
});

rule('without a resolver a name is 502, and an address is not', async (t, world) => {
  const upstream = await fakeServer(world, () => ok('there'));
  const site = await runConf(world, `server { location / { proxy_pass http://$arg_h; } }`);
  t.regex(await get(world, site, '/?h=b.example'), /^HTTP\/1\.1 502 /);
  t.true(site.errors.some((line) => line.includes('no resolver defined to resolve b.example')));
  t.is(await body(world, site, `/?h=${upstream.address}`), 'there');
  await site.close();
  await upstream.close();
});

rule('nobody answers within resolver_timeout: 502', async (t, world) => {
  const dns = await responder(world, () => []);
  const site = await runConf(
    world,
    `resolver 127.0.0.1:${dns.endpoint.port}; resolver_timeout 300ms;
     server { location / { proxy_pass http://$arg_h; } }`,
  );
  t.regex(await get(world, site, '/?h=b.example'), /^HTTP\/1\.1 502 /);
  t.true(site.errors.some((line) => line.includes('(110: Operation timed out)')));
  await site.close();
  await dns.close();
});

rule('names in the file are where they were found before the start', async (t, world) => {
  const upstream = await fakeServer(world, () => ok('there'));
  const hosts = new Map([['static.example', [upstream.endpoint.address]]]);
  const text = `server { location / { proxy_pass http://static.example:${upstream.endpoint.port}; } }`;
  const site = await runConf(world, text, { hosts });
  t.is(await body(world, site, '/'), 'there');
  await site.close();
  await upstream.close();
  const error = await t.throwsAsync(() => runConf(world, text));
  t.regex(error?.message ?? '', /^host not found in upstream "static\.example:\d+"$/);
});

rule('a followed name is known to the configuration that comes next', async (t, world) => {
  const upstream = await fakeServer(world, () => ok('there'));
  const { port, address } = upstream.endpoint;
  const known: Record<string, string | undefined> = { 'u.example': address };
  const dns = await names(world, known, 1);
  const conf = (silent: string): string => `
    resolver 127.0.0.1:${silent} valid=300s;
    upstream u { zone z 64k; server u.example:${port} resolve; }
    server { location / { proxy_pass http://u; } }`;
  const zones = new Zones();
  const site = await runConf(world, conf(String(dns.endpoint.port)), { zones });
  t.is(await body(world, site, '/'), 'there', 'the first request waits for the first answer');
  const mute = await responder(world, () => []);
  const next = await runConf(world, conf(String(mute.endpoint.port)), { zones: new Zones(zones) });
  t.is(await body(world, next, '/'), 'there', 'nobody has answered the new one yet');
  for (const one of [site, next]) await one.close();
  for (const one of [dns, mute, upstream]) await one.close();
});
