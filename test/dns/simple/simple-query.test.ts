import test from 'ava';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { ownFault } from '../../../src/core/fault.ts';
import { DnsError } from '../../../src/dns/simple/dns-error.ts';
import { type Answer, encodeQuery } from '../../../src/dns/simple/message.ts';
import {
  ATTEMPT_MS_MAX,
  type QuerySettings,
  SimpleQuery,
} from '../../../src/dns/simple/simple-query.ts';
import { FakeProactor } from '../../core/fake-proactor.ts';
import { ManualHost } from '../../core/manual-host.ts';
import { a, replyTo } from '../../support/dns-reply.ts';

const FIRST: Endpoint = { family: 'ipv4', address: '192.0.2.53', port: 53 };
const SECOND: Endpoint = { family: 'ipv6', address: '2001:db8::53', port: 5353 };

/** A query whose kernel is the test. */
function begin(settings: Partial<QuerySettings> = {}) {
  const host = new ManualHost();
  const port = new FakeProactor(host.loop);
  const outcomes: (Answer | DnsError)[] = [];
  let drawn = 0;
  const random = { nextUint32: () => ++drawn * 65_536 };
  const all = { servers: [FIRST, SECOND], random, timeoutMs: 10_000, attempts: 1, ...settings };
  const bytes = encodeQuery(0, 'a.example', 'A');
  new SimpleQuery(port, all, bytes, (outcome) => outcomes.push(outcome)).start();
  const kinds = () => port.pending.map(({ kind }) => kind);
  const end = (...args: Parameters<FakeProactor['end']>) => {
    port.end(...args);
    host.settle();
  };
  const waits = () => {
    for (const kind of ['udpOpen', 'udpSend'] as const) end(kind, 'done');
  };
  const arrives = (data: Uint8Array) => {
    end('udpPeek', 'done', { size: data.length });
    const bytes = data.length;
    end('udpRecv', 'done', { data: Buffer.concat([Buffer.alloc(3), data]), offset: 3, bytes });
  };
  const query = () => Buffer.from(bytes);
  return { host, port, outcomes, kinds, end, waits, arrives, query };
}

const codesOf = (outcomes: readonly (Answer | DnsError)[]) =>
  outcomes.map((outcome) => (outcome instanceof DnsError ? outcome.code : outcome.addresses));
const ADDRESS = '198.51.100.7';

test('while a query waits, one peek is pending, and no receive', (t) => {
  const q = begin();
  t.deepEqual(q.kinds(), ['udpOpen']);
  t.is(q.port.oldest('udpOpen')?.remote, FIRST);
  t.deepEqual(q.port.oldest('udpOpen')?.local, { family: 'ipv4', address: '0.0.0.0', port: 0 });
  q.end('udpOpen', 'done');
  t.deepEqual(q.kinds(), ['udpSend']);
  t.is(q.port.oldest('udpSend')?.to, undefined);
  q.end('udpSend', 'done');
  t.deepEqual(q.kinds(), ['udpPeek']);
  q.end('udpPeek', 'done');
  t.deepEqual(q.kinds(), ['udpRecv']);
  t.is(q.port.oldest('udpRecv')?.into, undefined, 'no buffer of ours is lent');
});

test('the outcome comes once, after the socket is closed', (t) => {
  const q = begin();
  q.waits();
  q.arrives(replyTo(q.query(), [a('a.example', ADDRESS, 5)]));
  t.deepEqual(q.kinds(), ['close']);
  t.deepEqual(q.outcomes, []);
  q.end('close', 'done');
  t.deepEqual(q.outcomes, [{ addresses: [ADDRESS], ttlMs: 5_000 }]);
  t.deepEqual(q.kinds(), []);
});

test('an empty datagram is no end: it is received, and the peek is posted again', (t) => {
  const q = begin();
  q.waits();
  q.arrives(Buffer.alloc(0));
  t.deepEqual(q.kinds(), ['udpPeek']);
});

test('strays are dropped one by one until the attempt ends, also when they never pause', (t) => {
  const q = begin({ servers: [FIRST] });
  q.waits();
  let strays = 0;
  for (; q.kinds()[0] === 'udpPeek' && strays < 10_000; strays += 1) {
    q.host.now += 1;
    q.arrives(replyTo(q.query(), [a('a.example', ADDRESS)], { id: 0xffff }));
  }
  t.is(strays, ATTEMPT_MS_MAX);
  q.end('close', 'done');
  t.deepEqual(codesOf(q.outcomes), ['TIMEOUT']);
  t.regex((q.outcomes[0] as DnsError).message, /2000 stray/);
});

for (const kind of ['udpPeek', 'udpRecv', 'udpSend'] as const) {
  test(`an ICMP notice on ${kind} leads to the next server, without delay`, (t) => {
    const q = begin();
    q.end('udpOpen', 'done');
    if (kind !== 'udpSend') q.end('udpSend', 'done');
    if (kind === 'udpRecv') q.end('udpPeek', 'done');
    q.end(kind, 'icmp', { fault: ownFault('refused', kind) });
    q.end('close', 'done');
    t.is(q.port.oldest('udpOpen')?.remote, SECOND);
    t.deepEqual(q.port.oldest('udpOpen')?.local, { family: 'ipv6', address: '::', port: 0 });
    t.is(q.host.now, 0);
  });
}

test('where no socket can be opened there is none to close', (t) => {
  const q = begin();
  q.end('udpOpen', 'failed', { fault: ownFault('fileDescriptors', 'socket') });
  t.is(q.port.oldest('udpOpen')?.remote, SECOND);
  q.end('udpOpen', 'failed', { fault: ownFault('fileDescriptors', 'socket') });
  t.deepEqual(q.kinds(), []);
  t.deepEqual(codesOf(q.outcomes), ['NETWORK']);
  const error = q.outcomes[0] as DnsError;
  t.is(error.fault?.code, 'fileDescriptors');
  t.is(error.server, SECOND);
});

test('each attempt has its share of the time, at most two seconds, and a number of its own', (t) => {
  const shares = (timeoutMs: number, attempts: number) => {
    const q = begin({ timeoutMs, attempts });
    const seen: [number, number][] = [];
    for (;;) {
      const open = q.port.oldest('udpOpen');
      if (open === undefined) return [...seen, codesOf(q.outcomes)];
      seen.push([open.deadlineMs - q.host.now, q.query().readUInt16BE(0)]);
      q.waits();
      q.host.now = q.port.oldest('udpPeek')?.deadlineMs ?? Number.NaN;
      q.end('udpPeek', 'expired');
      q.end('close', 'done');
    }
  };
  t.deepEqual(shares(600, 1), [[300, 1], [300, 2], ['TIMEOUT']]);
  t.deepEqual(shares(400, 2), [[100, 1], [100, 2], [100, 3], [100, 4], ['TIMEOUT']]);
  t.deepEqual(shares(60_000, 1), [[2000, 1], [2000, 2], ['TIMEOUT']]);
});

test('time that one attempt does not need is the next one’s', (t) => {
  const q = begin({ timeoutMs: 1_000 });
  q.waits();
  q.end('udpPeek', 'icmp', { fault: ownFault('refused', 'recv') });
  q.end('close', 'done');
  t.is(q.port.oldest('udpOpen')?.deadlineMs, 1_000);
});

test('no attempt begins after the last moment', (t) => {
  const q = begin({ timeoutMs: 1_000, attempts: 10 });
  q.waits();
  q.host.now = 1_000;
  q.end('udpPeek', 'expired');
  q.end('close', 'done');
  t.deepEqual(codesOf(q.outcomes), ['TIMEOUT']);
});

test('the most telling failure is kept', (t) => {
  const ends = {
    TIMEOUT: (q: ReturnType<typeof begin>) => q.end('udpPeek', 'expired'),
    NETWORK: (q: ReturnType<typeof begin>) =>
      q.end('udpPeek', 'icmp', { fault: ownFault('refused', 'recv') }),
    BAD_MESSAGE: (q: ReturnType<typeof begin>) =>
      q.arrives(replyTo(q.query(), [], { answerCount: 1 })),
    SERVFAIL: (q: ReturnType<typeof begin>) => q.arrives(replyTo(q.query(), [], { flags: 0x8182 })),
  };
  const names = Object.keys(ends) as (keyof typeof ends)[];
  for (const [i, first] of names.entries()) {
    for (const [j, second] of names.entries()) {
      const q = begin();
      for (const code of [first, second]) {
        q.waits();
        ends[code](q);
        q.end('close', 'done');
      }
      t.deepEqual(codesOf(q.outcomes), [names[Math.max(i, j)] as string], `${first}, ${second}`);
      t.is((q.outcomes[0] as DnsError).server, i > j ? FIRST : SECOND);
    }
  }
});

test('when the port is closed no further server is asked', (t) => {
  for (const kind of ['udpOpen', 'udpSend', 'udpPeek', 'udpRecv'] as const) {
    const q = begin();
    for (const step of ['udpOpen', 'udpSend', 'udpPeek'] as const) {
      if (q.kinds()[0] !== kind) q.end(step, 'done');
    }
    t.deepEqual(q.kinds(), [kind]);
    q.port.close();
    q.host.settle();
    t.deepEqual(codesOf(q.outcomes), ['CANCELLED'], kind);
  }
});
