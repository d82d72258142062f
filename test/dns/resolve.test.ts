import test from 'ava';
import type { Answer } from 'dns-packet';
import { reverseName } from '../../src/dns/reverse-name.ts';
import { dnsRule, rejection, simRule } from './resolver-world.ts';

const NAME = 'rec.test';
const common = { name: NAME, ttl: 60 } as const;

/** What the server says, and what `resolve` gives. */
const TYPES: Readonly<Record<string, { answer: unknown; data: unknown }>> = {
  A: { answer: '192.0.2.1', data: '192.0.2.1' },
  AAAA: { answer: '2001:db8::1', data: '2001:db8::1' },
  NS: { answer: 'ns.test', data: 'ns.test' },
  PTR: { answer: 'host.test', data: 'host.test' },
  SRV: {
    answer: { priority: 1, weight: 2, port: 80, target: 'w.test' },
    data: { priority: 1, weight: 2, port: 80, target: 'w.test' },
  },
  TXT: { answer: ['one', 'two'], data: ['one', 'two'] },
  MX: {
    answer: { preference: 10, exchange: 'mx.test' },
    data: { priority: 10, exchange: 'mx.test' },
  },
  CAA: {
    answer: { flags: 128, tag: 'issue', value: 'ca.test' },
    data: { critical: true, tag: 'issue', value: 'ca.test' },
  },
};

for (const [type, { answer, data }] of Object.entries(TYPES)) {
  simRule(`${type} records are found, kept, and found again`, async (t, { server, resolver }) => {
    const records = [{ ...common, type, data: answer } as unknown as Answer];
    server.set(NAME, type, { records });
    const asked = type as 'A';
    const found = await resolver.resolve('REC.test', asked);
    t.deepEqual(found.records as unknown, [data]);
    t.is(found.ttl, 60);
    t.false(found.authenticated);
    t.deepEqual((await resolver.resolve(NAME, asked)).records as unknown, [data]);
    t.is(server.queries.length, 1);
  });
}

simRule('SOA, CNAME, NAPTR, HTTPS and SVCB can be asked for', async (t, { server, resolver }) => {
  const soa = {
    mname: 'ns.test',
    rname: 'admin.test',
    serial: 7,
    refresh: 1,
    retry: 2,
    expire: 3,
    minimum: 4,
  };
  server.set(NAME, 'SOA', { records: [{ ...common, type: 'SOA', data: soa }] });
  const alias = { ...common, type: 'CNAME', data: 'real.test' } as const;
  server.set(NAME, 'CNAME', { records: [alias] });
  const naptr = {
    order: 1,
    preference: 2,
    flags: 'u',
    services: 'E2U+sip',
    regexp: '!a!b!',
    replacement: '',
  };
  server.set(NAME, 'NAPTR', { records: [{ ...common, type: 'NAPTR', data: naptr }] });
  const [found] = (await resolver.resolve(NAME, 'SOA')).records;
  t.is(found?.serial, 7);
  t.is(found?.hostmaster, 'admin.test');
  t.deepEqual((await resolver.resolve(NAME, 'CNAME')).records, ['real.test']);
  t.is((await resolver.resolve(NAME, 'NAPTR')).records[0]?.service, 'E2U+sip');
  // Numbers are all that dns-packet knows of the two others.
  for (const type of ['HTTPS', 'SVCB'] as const) {
    server.other = {};
    t.is((await rejection(resolver.resolve(NAME, type))).code, 'ENODATA');
  }
  t.is(server.queries.length, 5);
});

simRule('the errors of resolve name the type', async (t, { server, resolver }) => {
  server.set('broken.test', 'MX', { rcode: 2 });
  const broken = await rejection(resolver.resolve('broken.test', 'MX'));
  t.is(broken.code, 'ESERVFAIL');
  t.is(broken.syscall, 'queryMx');
  t.is(broken.type, 'MX');
  t.is(broken.attempts[0]?.server, server.text);
  const none = await rejection(resolver.resolve('none.test', 'AAAA'));
  t.is(none.code, 'ENOTFOUND');
  t.is(none.syscall, 'queryAaaa');
  t.is(none.hostname, 'none.test');
  t.is((await rejection(resolver.resolve('a..b', 'TXT'))).code, 'EBADNAME');
  await t.throwsAsync(() => resolver.resolve('x.test', 'OPT' as 'A'), { instanceOf: TypeError });
  await t.throwsAsync(() => resolver.resolve('x.test', 'toString' as 'A'), {
    instanceOf: TypeError,
  });
});

dnsRule('the names of an address come from its PTR records', async (t, { server, resolver }) => {
  const name = '7.2.0.192.in-addr.arpa';
  const records = [
    { type: 'PTR', name, ttl: 60, data: 'one.test' },
    { type: 'PTR', name, ttl: 60, data: 'two.test' },
  ] as const;
  server.set(name, 'PTR', { records });
  t.deepEqual(await resolver.reverse('192.0.2.7'), ['one.test', 'two.test']);
  t.is((await rejection(resolver.reverse('192.0.2.8'))).code, 'ENOTFOUND');
  const bad = await rejection(resolver.reverse('192.0.2'));
  t.is(bad.code, 'EBADNAME');
  t.is(bad.type, 'PTR');
});

test('an address as the name of its PTR records', (t) => {
  t.is(reverseName('192.0.2.7'), '7.2.0.192.in-addr.arpa');
  t.is(
    reverseName('2001:db8::567:89ab'),
    'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
  );
  t.is(reverseName('fe80::1%eth0')?.slice(0, 4), '1.0.');
  t.is(reverseName('www.test'), undefined);
});

simRule('the error of a call whose time is up says who was asked', async (t, dns) => {
  const { server, resolver } = dns;
  server.other = { silent: true };
  const error = await rejection(resolver.resolve(NAME, 'A', { timeoutMs: 300 }));
  t.is(error.code, 'ETIMEOUT');
  t.is(error.attempts.length, 1);
  const [attempt] = error.attempts;
  t.like(attempt, { server: error.server, transport: 'udp', outcome: 'timeout' });
  t.true((attempt?.ms ?? 0) >= 299 && (attempt?.ms ?? 0) <= 301, `${attempt?.ms} ms`);
});
