import { dnsRule, files, rejection, simRule, texts } from './resolver-world.ts';

const HOSTS = '192.0.2.7 box box.test\n2001:db8::7 box\n';

simRule('both families are asked once, and are one set', async (t, { server, resolver }) => {
  server.addresses('www.test', ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  const set = await resolver.addresses('WWW.test');
  t.deepEqual([...texts(set)].sort(), ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  t.is(set.name, 'WWW.test');
  t.is(set.canonical, 'www.test');
  t.is(set.source, 'network');
  t.is(set.partial, undefined);
  t.deepEqual([...server.queries].sort(), ['www.test A', 'www.test AAAA']);
  const again = await resolver.addresses('www.test');
  t.is(again.source, 'cache');
  t.is(server.queries.length, 2);
});

dnsRule('one family is asked alone where only it is wanted', async (t, { server, make }) => {
  server.addresses('www.test', ['192.0.2.1', '2001:db8::1']);
  const resolver = make({ families: [4] });
  t.deepEqual(texts(await resolver.addresses('www.test')), ['192.0.2.1']);
  t.deepEqual(server.queries, ['www.test A']);
  t.deepEqual(texts(await resolver.addresses('www.test', { family: 6 })), ['2001:db8::1']);
});

dnsRule('errors say what was asked, of whom, and what came', async (t, { server, resolver }) => {
  server.set('broken.test', 'A', { rcode: 2 });
  server.set('broken.test', 'AAAA', { rcode: 2 });
  const error = await rejection(resolver.addresses('broken.test'));
  t.is(error.code, 'ESERVFAIL');
  t.is(error.syscall, 'getaddrinfo');
  t.is(error.hostname, 'broken.test');
  t.true(error.attempts.length >= 2);
  t.is(error.attempts[0]?.server, server.text);
  t.regex(error.attempts[0]?.outcome ?? '', /SERVFAIL/);
  t.regex(error.message, /SERVFAIL/);
});

dnsRule('no such name, and nothing of a name, are two errors', async (t, { server, resolver }) => {
  server.set('empty.test', 'A', {});
  server.set('empty.test', 'AAAA', {});
  t.is((await rejection(resolver.addresses('none.test'))).code, 'ENOTFOUND');
  t.is((await rejection(resolver.addresses('empty.test'))).code, 'ENODATA');
});

simRule('case 53: A good, AAAA SERVFAIL: A is delivered', async (t, dns) => {
  const { server, resolver, nowMs } = dns;
  server.addresses('half.test', ['192.0.2.1']);
  server.set('half.test', 'AAAA', { rcode: 2 });
  const startMs = nowMs();
  const set = await resolver.addresses('half.test');
  t.deepEqual(texts(set), ['192.0.2.1']);
  t.is(set.partial?.family, 6);
  t.is(set.partial?.error.code, 'ESERVFAIL');
  t.true(nowMs() - startMs <= 60);
});

simRule('case 53: A good, AAAA silent: A is delivered 50 ms after it came', async (t, dns) => {
  const { server, resolver, nowMs, sleep } = dns;
  server.addresses('half.test', ['192.0.2.1']);
  server.set('half.test', 'AAAA', { silent: true });
  const startMs = nowMs();
  const set = await resolver.addresses('half.test');
  t.deepEqual(texts(set), ['192.0.2.1']);
  t.is(set.partial?.family, 6);
  t.is(set.partial?.error.code, 'ETIMEOUT');
  const ms = nowMs() - startMs;
  t.true(ms >= 50 && ms <= 60, `${ms} ms`);
  t.is(resolver.peek('half.test'), undefined, 'a partial set is not kept as a whole one');
  t.deepEqual(texts(resolver.peek('half.test', 4)), ['192.0.2.1']);
  // Nobody waits again for what is known to be late.
  const againMs = nowMs();
  t.deepEqual(texts(await resolver.addresses('half.test')), ['192.0.2.1']);
  t.true(nowMs() - againMs < 5);
  // The late answer is kept.
  server.addresses('half.test', ['192.0.2.1', '2001:db8::1']);
  await sleep(10_000);
  t.is((await resolver.addresses('half.test')).partial, undefined);
});

simRule('case 53: AAAA good, A silent: AAAA is delivered', async (t, { server, resolver }) => {
  server.addresses('half.test', ['2001:db8::1']);
  server.set('half.test', 'A', { silent: true });
  const set = await resolver.addresses('half.test');
  t.deepEqual(texts(set), ['2001:db8::1']);
  t.is(set.partial?.family, 4);
});

simRule('a negative first answer waits for the other family', async (t, dns) => {
  const { server, resolver, nowMs } = dns;
  server.addresses('slow.test', ['192.0.2.1']);
  const records = [{ type: 'A', name: 'slow.test', ttl: 60, data: '192.0.2.1' }] as const;
  server.set('slow.test', 'A', { records, afterMs: 400 });
  const startMs = nowMs();
  const set = await resolver.addresses('slow.test');
  t.deepEqual(texts(set), ['192.0.2.1']);
  t.is(set.partial, undefined);
  t.true(nowMs() - startMs >= 400);
});

simRule('an answer within 50 ms of the other family belongs to the set', async (t, dns) => {
  const { server, resolver } = dns;
  server.addresses('near.test', ['192.0.2.1', '2001:db8::1']);
  const records = [{ type: 'AAAA', name: 'near.test', ttl: 60, data: '2001:db8::1' }] as const;
  server.set('near.test', 'AAAA', { records, afterMs: 40 });
  const set = await resolver.addresses('near.test');
  t.is(set.addresses.length, 2);
  t.is(set.partial, undefined);
});

simRule('case 17: private addresses in answers are denied when asked for', async (t, dns) => {
  const { server, make } = dns;
  const denyAnswers = ['10.0.0.0/8', '127.0.0.0/8', 'fc00::/7'];
  const resolver = make({ denyAnswers, allowAnswers: ['10.1.0.0/16'] });
  server.addresses('evil.test', ['10.0.0.1', '127.0.0.1', 'fd00::1']);
  server.addresses('mixed.test', ['10.0.0.1', '192.0.2.1']);
  server.addresses('own.test', ['10.1.2.3']);
  const error = await rejection(resolver.addresses('evil.test'));
  t.is(error.code, 'ENODATA');
  t.regex(error.message, /denied/);
  t.is((await rejection(resolver.resolve('evil.test', 'A'))).code, 'ENODATA');
  t.is(resolver.peek('evil.test'), undefined);
  t.deepEqual(texts(await resolver.addresses('mixed.test')), ['192.0.2.1']);
  t.deepEqual((await resolver.resolve('mixed.test', 'A')).records, ['192.0.2.1']);
  t.deepEqual(texts(await resolver.addresses('own.test')), ['10.1.2.3']);
  t.is(resolver.stats().drops.denied, 4);
  const open = make();
  t.is((await open.addresses('evil.test')).addresses.length, 3, 'by default, nothing is');
});

dnsRule('case 51: names that cause no query', async (t, { server, resolver }) => {
  for (const name of ['localhost', 'LOCALHOST.', 'a.b.localhost', 'x.localhost.']) {
    const set = await resolver.addresses(name);
    t.deepEqual([...texts(set)].sort(), ['127.0.0.1', '::1'], name);
    t.deepEqual(texts(await resolver.addresses(name, { family: 4 })), ['127.0.0.1'], name);
  }
  for (const name of ['x.onion', 'ONION', 'a.invalid', 'invalid.']) {
    t.is((await rejection(resolver.addresses(name))).code, 'ENOTFOUND', name);
    t.is((await rejection(resolver.resolve(name, 'A'))).code, 'ENOTFOUND', name);
  }
  const bad = ['1.1', '0x7f.1', '127.0.0.1.', '2130706433', 'a.0x1f', 'x.1.', '', '.', 'a..b'];
  for (const name of [...bad, `${'x'.repeat(64)}.test`, 'sp ace.test', 'ÿ.test']) {
    t.is((await rejection(resolver.addresses(name))).code, 'EBADNAME', name);
  }
  t.deepEqual((await resolver.resolve('localhost', 'A')).records, ['127.0.0.1']);
  t.is((await rejection(resolver.resolve('localhost', 'MX'))).code, 'ENODATA');
  t.is((await rejection(resolver.resolve('192.0.2.1', 'A'))).code, 'EBADNAME');
  t.deepEqual(server.queries, []);
});

simRule('case 51: a name with a trailing dot is absolute', async (t, { server, make }) => {
  server.addresses('www.test', ['192.0.2.1']);
  const resolver = make({ search: ['corp.test'], ndots: 5 });
  t.deepEqual(texts(await resolver.addresses('www.test.')), ['192.0.2.1']);
  t.deepEqual([...server.queries].sort(), ['www.test A', 'www.test AAAA']);
});

dnsRule('a literal is its own answer, with and without a zone', async (t, { server, resolver }) => {
  for (const name of ['192.0.2.1', '2001:DB8::1', 'fe80::1%eth0']) {
    const set = await resolver.addresses(name);
    t.deepEqual(texts(set), [name]);
    t.is(set.source, 'literal');
    t.is(resolver.peek(name), set);
  }
  t.is((await rejection(resolver.addresses('192.0.2.1', { family: 6 }))).code, 'ENODATA');
  t.deepEqual(server.queries, []);
});

dnsRule('a name of the hosts file causes no query', async (t, { server, make, world }) => {
  const resolver = make({ system: true }, { files: files({ hosts: HOSTS }) });
  const set = await resolver.addresses('Box');
  t.deepEqual([...texts(set)].sort(), ['192.0.2.7', '2001:db8::7']);
  t.is(set.source, 'hosts');
  t.true(set.expiresAt <= world.port.loop.nowMs() + 5_000);
  t.deepEqual(texts(await resolver.addresses('box.test')), ['192.0.2.7']);
  t.is((await rejection(resolver.addresses('box.test', { family: 6 }))).code, 'ENODATA');
  t.deepEqual(texts(resolver.peek('box', 4)), ['192.0.2.7']);
  t.deepEqual(await resolver.reverse('192.0.2.7'), ['box', 'box.test']);
  t.deepEqual(server.queries, []);
});

dnsRule('letters beyond ASCII are asked for in their ASCII form', async (t, { server, make }) => {
  server.addresses('xn--bcher-kva.test', ['192.0.2.1']);
  const toAscii = (name: string) => (name === 'bücher.test' ? 'xn--bcher-kva.test' : '');
  const resolver = make({}, { toAscii });
  const set = await resolver.addresses('bücher.test');
  t.deepEqual(texts(set), ['192.0.2.1']);
  t.is(set.name, 'bücher.test');
  t.is((await rejection(resolver.addresses('ÿ\n.test'))).code, 'EBADNAME');
});
