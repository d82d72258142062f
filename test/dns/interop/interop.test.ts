import test, { type ExecutionContext } from 'ava';
import { DnsError, Resolver } from '../../../src/cli/dns.ts';
import type { ResolverOptions } from '../../../src/dns/options.ts';
import { connect, IoError, listen } from '../../../src/net/index.ts';
import { closed } from '../../net/worlds.ts';
import { REAL_PORTS } from '../../support/real-ports.ts';
import { type Candidate, MANY_RECORDS, NAME_SERVERS, type RunningServer } from './name-servers.ts';

type Case = {
  readonly options?: ResolverOptions;
  /** Asked over IPv6. */
  readonly over?: 'IPv6';
  run(t: ExecutionContext, resolver: Resolver): Promise<void>;
};

const CALL = { timeoutMs: 10_000 };
const manyInOrder = Array.from({ length: MANY_RECORDS }, (_, i) => `192.0.2.${i + 1}`).sort();

async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => 'an answer',
    (reason: unknown) => reason,
  );
  return error instanceof DnsError ? error.code : String(error);
}

/**
 * Asks until both families are there: on a busy machine one of them may come so late that the other
 * is given alone, and it is kept for the next call then.
 */
async function whole<Value>(
  ask: () => Promise<Value>,
  addresses: (value: Value) => readonly unknown[] | undefined,
): Promise<Value> {
  for (;;) {
    const value = await ask();
    if (addresses(value)?.length === 2) return value;
  }
}

const CASES: Readonly<Record<string, Case>> = {
  'an A record': {
    run: async (t, resolver) => {
      const { records, ttl } = await resolver.resolve('a.interop.test', 'A', CALL);
      t.deepEqual(records, ['192.0.2.1']);
      t.true(ttl > 0 && ttl <= 300);
    },
  },
  'an AAAA record': {
    run: async (t, resolver) => {
      const { records } = await resolver.resolve('aaaa.interop.test', 'AAAA', CALL);
      t.deepEqual(records, ['2001:db8::1']);
    },
  },
  'both families at once': {
    run: async (t, resolver) => {
      const ask = () => resolver.addresses('both.interop.test', CALL);
      const { addresses } = await whole(ask, (set) => set.addresses);
      t.deepEqual(addresses.map(({ address }) => address).sort(), ['192.0.2.2', '2001:db8::2']);
    },
  },
  'two aliases': {
    run: async (t, resolver) => {
      const ask = () => resolver.addresses('one.interop.test', CALL);
      const set = await whole(ask, ({ addresses }) => addresses);
      t.is(set.canonical, 'both.interop.test');
    },
  },
  'an SRV record and its addresses': {
    run: async (t, resolver) => {
      const ask = () => resolver.service('_http._tcp.interop.test', CALL);
      const targets = await whole(ask, ([first]) => first?.addresses);
      t.deepEqual(
        targets.map(({ target, port, priority }) => `${priority} ${target}:${port}`),
        ['10 both.interop.test:8080', '20 a.interop.test:8081'],
      );
    },
  },
  [`${MANY_RECORDS} records, which come truncated, and then over TCP`]: {
    run: async (t, resolver) => {
      const { records } = await resolver.resolve('many.interop.test', 'A', CALL);
      t.deepEqual([...records].sort(), manyInOrder);
    },
  },
  'everything over TCP, on one connection': {
    options: { servers: ['tcp://'] },
    run: async (t, resolver) => {
      const names = ['a', 'both', 'one', 'many', 'two'];
      const asked = names.map((name) => resolver.resolve(`${name}.interop.test`, 'A', CALL));
      const lengths = (await Promise.all(asked)).map(({ records }) => records.length);
      t.deepEqual(lengths, [1, 1, 1, MANY_RECORDS, 1]);
      t.is(await failure(resolver.resolve('none.interop.test', 'A', CALL)), 'ENOTFOUND');
    },
  },
  'a name that does not exist': {
    run: async (t, resolver) => {
      t.is(await failure(resolver.addresses('none.interop.test', CALL)), 'ENOTFOUND');
      t.is(await failure(resolver.resolve('none.interop.test', 'SRV', CALL)), 'ENOTFOUND');
    },
  },
  'a name without the type': {
    run: async (t, resolver) => {
      t.is(await failure(resolver.resolve('a.interop.test', 'AAAA', CALL)), 'ENODATA');
      t.is(await failure(resolver.addresses('empty.interop.test', CALL)), 'ENODATA');
    },
  },
  'type 65': {
    run: async (t, resolver) => {
      const { records } = await resolver.resolve('svc.interop.test', 'HTTPS', CALL);
      t.deepEqual(records, [{ priority: 1, target: '.', params: { alpn: ['h2'] } }]);
    },
  },
  'the smallest EDNS size': {
    options: { ednsSize: 512 },
    run: async (t, resolver) => {
      const { records } = await resolver.resolve('many.interop.test', 'A', CALL);
      t.is(records.length, MANY_RECORDS);
    },
  },
  'a server over IPv6': {
    over: 'IPv6',
    run: async (t, resolver) => {
      const { records } = await resolver.resolve('a.interop.test', 'A', CALL);
      t.deepEqual(records, ['192.0.2.1']);
      const many = await resolver.resolve('many.interop.test', 'A', CALL);
      t.is(many.records.length, MANY_RECORDS);
    },
  },
  'letters in any case, mixed on the way': {
    options: { case0x20: 'on' },
    run: async (t, resolver) => {
      const { records } = await resolver.resolve('A.Interop.TEST', 'A', CALL);
      t.deepEqual(records, ['192.0.2.1']);
    },
  },
};

function serversOf({ options, over }: Case, port: number): readonly string[] {
  const address = over === 'IPv6' ? `[::1]:${port}` : `127.0.0.1:${port}`;
  return [`${options?.servers?.[0] ?? ''}${address}`];
}

function declare({ name, whyNot, start }: Candidate): void {
  if (whyNot !== undefined) {
    test.skip(`${name}: ${whyNot}`, () => {});
    return;
  }
  let running: RunningServer | undefined;
  test.before(`${name} starts`, async (t) => {
    t.timeout(30_000, 'it has not started');
    running = await start();
  });
  test.after.always(`${name} stops`, () => running?.stop());
  for (const [adapter, open] of Object.entries(REAL_PORTS)) {
    for (const [title, each] of Object.entries(CASES)) {
      test.serial(`${name} is asked for ${title} (${adapter})`, async (t) => {
        t.timeout(30_000, 'there was no end');
        const port = open();
        const servers = serversOf(each, (running as RunningServer).port);
        const resolver = new Resolver(port, { ...each.options, servers });
        try {
          await each.run(t, resolver);
        } finally {
          await resolver[Symbol.asyncDispose]();
          t.is(port.openSockets, 0);
          t.is(port.loop.pendingTimers, 0);
          await closed(port);
        }
      });
    }
  }
}

NAME_SERVERS.forEach(declare);

for (const [adapter, open] of Object.entries(REAL_PORTS)) {
  test(`a host is connected to by its name, through a resolver (${adapter})`, async (t) => {
    const port = open();
    const listener = await listen(port, { family: 'ipv4', address: '127.0.0.1', port: 0 });
    const resolver = new Resolver(port, { servers: ['127.0.0.1:1'] });
    const target = { host: 'localhost', port: listener.endpoint.port };
    const stream = await connect(port, target, { resolver, timeoutMs: 10_000 });
    t.deepEqual(stream.remote, listener.endpoint, 'whatever else the name stands for refuses');
    const nowhere = connect(port, { host: 'a.invalid', port: 1 }, { resolver, ...CALL });
    const error = await t.throwsAsync(nowhere);
    t.false(error instanceof IoError);
    t.true(error instanceof DnsError && error.code === 'ENOTFOUND');
    await Promise.all([stream.close({ how: 'reset' }), listener.close()]);
    await resolver[Symbol.asyncDispose]();
    await closed(port);
  });
}
