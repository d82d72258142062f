import { files, rejection, simRule, texts } from './resolver-world.ts';

simRule('case 49: the domains of a search list are tried in turn', async (t, dns) => {
  const { server, make } = dns;
  server.addresses('www.b.test', ['192.0.2.1']);
  const resolver = make({ search: ['a.test', 'b.test'] });
  const set = await resolver.addresses('www');
  t.deepEqual(texts(set), ['192.0.2.1']);
  t.is(set.name, 'www');
  t.is(set.canonical, 'www.b.test');
  t.deepEqual(
    server.queries.filter((one) => one.endsWith(' A')),
    ['www.a.test A', 'www.b.test A'],
  );
  t.deepEqual(texts(resolver.peek('www')), ['192.0.2.1']);
});

simRule('case 49: SERVFAIL in the middle goes on to the next domain', async (t, dns) => {
  const { server, make } = dns;
  server.both('www.a.test', { rcode: 2 });
  server.addresses('www.b.test', ['192.0.2.1']);
  const resolver = make({ search: ['a.test', 'b.test'] });
  t.deepEqual(texts(await resolver.addresses('www')), ['192.0.2.1']);
});

simRule('case 49: where nothing is found, SERVFAIL is reported as such', async (t, dns) => {
  const { server, make } = dns;
  server.both('www.b.test', { rcode: 2 });
  const resolver = make({ search: ['a.test', 'b.test', 'c.test'] });
  const error = await rejection(resolver.addresses('www'));
  t.is(error.code, 'ESERVFAIL');
  t.true(server.queries.includes('www A'), 'all were tried');
  t.true(error.attempts.length > 0);
});

simRule('case 49: no data of one candidate is told rather than no such name', async (t, dns) => {
  const { server, make } = dns;
  server.both('www.a.test', {});
  const resolver = make({ search: ['a.test', 'b.test'] });
  t.is((await rejection(resolver.addresses('www'))).code, 'ENODATA');
});

simRule('case 49: a server that refuses, or is silent, ends the search', async (t, dns) => {
  const { server, make } = dns;
  server.both('www.a.test', { rcode: 5 });
  server.addresses('www.b.test', ['192.0.2.1']);
  const resolver = make({ search: ['a.test', 'b.test'] });
  t.is((await rejection(resolver.addresses('www'))).code, 'EREFUSED');
  t.is(server.count('www.b.test A'), 0);
});

for (const [ndots, first] of [
  [0, 'www A'],
  [1, 'www.a.test A'],
  [15, 'www.a.test A'],
  [999, 'www.a.test A'],
] as const) {
  simRule(`case 49: with ndots ${ndots}, ${first} is asked for first`, async (t, dns) => {
    const { server, make } = dns;
    server.both('www', { rcode: 2 });
    server.addresses('www.a.test', ['192.0.2.1']);
    const resolver = make({ search: ['a.test'], ndots });
    t.deepEqual(texts(await resolver.addresses('www')), ['192.0.2.1']);
    t.is(
      server.queries.find((one) => one.endsWith(' A')),
      first,
    );
  });
}

simRule('case 49: ndots of 15 at most count', async (t, { server, make }) => {
  const name = 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p';
  server.addresses(name, ['192.0.2.1']);
  const resolver = make({ search: ['x.test'], ndots: 999 });
  t.deepEqual(texts(await resolver.addresses(name)), ['192.0.2.1']);
  t.is(server.queries.length, 2);
});

simRule('the search list of resolv.conf is used where it is asked for', async (t, dns) => {
  const { server, make } = dns;
  server.addresses('www.corp.test', ['192.0.2.1']);
  server.addresses('a.b', ['192.0.2.2']);
  const conf = { resolvConf: 'nameserver 192.0.2.53\nsearch corp.test\noptions ndots:3\n' };
  const resolver = make({ search: 'system', system: true }, { files: files(conf) });
  t.deepEqual(texts(await resolver.addresses('www')), ['192.0.2.1']);
  t.deepEqual(texts(await resolver.addresses('a.b')), ['192.0.2.2']);
  t.true(server.queries.includes('a.b.corp.test A'), 'two dots are fewer than three');
  const plain = make({ system: true }, { files: files(conf) });
  t.is((await rejection(plain.addresses('www'))).code, 'ENOTFOUND');
});

simRule('promise 3: a deadline holds over silent servers and tries', async (t, dns) => {
  const { server, make, nowMs } = dns;
  server.other = { silent: true };
  const resolver = make({ timeoutMs: 300 });
  const startMs = nowMs();
  const error = await rejection(resolver.addresses('www.test'));
  t.is(error.code, 'ETIMEOUT');
  const ms = nowMs() - startMs;
  t.true(ms >= 295 && ms <= 310, `${ms} ms`);
});

simRule('promise 3: a deadline holds over the links of a chain', async (t, dns) => {
  const { server, resolver, nowMs } = dns;
  for (let link = 0; link < 8; link += 1) {
    const data = `l${link + 1}.test`;
    const records = [{ type: 'CNAME', name: `l${link}.test`, ttl: 60, data }] as const;
    server.both(`l${link}.test`, { records, afterMs: 100 });
  }
  const startMs = nowMs();
  const error = await rejection(resolver.addresses('l0.test', { timeoutMs: 250 }));
  t.is(error.code, 'ETIMEOUT');
  const ms = nowMs() - startMs;
  t.true(ms >= 245 && ms <= 260, `${ms} ms`);
});

simRule('promise 3: a deadline holds over a search list', async (t, { server, make, nowMs }) => {
  server.other = { rcode: 3, afterMs: 100 };
  const resolver = make({ search: ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'] });
  const startMs = nowMs();
  const error = await rejection(resolver.addresses('www', { timeoutMs: 250 }));
  t.is(error.code, 'ETIMEOUT');
  const ms = nowMs() - startMs;
  t.true(ms >= 245 && ms <= 260, `${ms} ms`);
});

simRule('promise 3: a deadline holds over the targets of a service', async (t, dns) => {
  const { server, resolver, nowMs } = dns;
  const data = { priority: 1, weight: 1, port: 80, target: 'slow.test' };
  const records = [{ type: 'SRV', name: '_http._tcp.test', ttl: 60, data }] as const;
  server.set('_http._tcp.test', 'SRV', { records, afterMs: 100 });
  server.other = { silent: true };
  const startMs = nowMs();
  const error = await rejection(resolver.service('_http._tcp.test', { timeoutMs: 250 }));
  t.is(error.code, 'ETIMEOUT');
  const ms = nowMs() - startMs;
  t.true(ms >= 245 && ms <= 260, `${ms} ms`);
});
