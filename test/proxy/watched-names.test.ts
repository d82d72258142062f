import test, { type ExecutionContext } from 'ava';
import { SimProactor } from '../../adapters/sim/index.ts';
import { listen } from '../../src/net/index.ts';
import { PhasedProxy } from '../../src/proxy/framework/running.ts';
import { defineProxy, type UpstreamGroupOptions, upstream } from '../../src/proxy/index.ts';
import { FakeResolver, target } from './fake-resolver.ts';
import { readUntil, SimSite, UPSTREAM } from './sim-site.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const OTHER = '10.0.0.4';
const THIRD = '10.0.0.5';
const NOBODY = '10.0.0.99';

type Watched = { readonly site: SimSite; readonly names: FakeResolver };

/** A world with a proxy before a group whose servers are names, and three hosts that serve. */
function watched(
  title: string,
  options: Partial<UpstreamGroupOptions>,
  body: (t: ExecutionContext, world: Watched) => Promise<void>,
): void {
  test(title, async (t) => {
    const names = new FakeResolver();
    const group = upstream('api', { servers: ['http://backend.test'], ...options });
    const { definition } = defineProxy({ upstreamPeer: () => group });
    const site = new SimSite(
      { seed: 1 },
      undefined,
      (port) => new PhasedProxy(port, definition, { port: 0 }, { resolver: names }),
    );
    await site.run(async () => {
      await site.start((stream) => serve(stream, UPSTREAM));
      await others(site);
      await body(t, { site, names });
    });
    t.is(names.watches, 0, 'nobody watches when the proxy has closed');
    t.is(site.port.loop.pendingTimers, 0);
    t.is(site.left, '');
  });
}

async function others(site: SimSite): Promise<void> {
  for (const address of [OTHER, THIRD]) {
    const port = new SimProactor(site.world.host(address, address));
    for (const number of [80, 8080]) {
      const listener = await listen(port, { family: 'ipv4', address, port: number });
      void (async () => {
        for await (const stream of listener) {
          void serve(stream, number === 80 ? address : `${address}:${number}`);
        }
      })().catch(() => {});
    }
  }
}

type Served = Parameters<Parameters<SimSite['start']>[0]>[0];

/** Answers with its own address. */
async function serve(stream: Served, body: string): Promise<void> {
  try {
    for (;;) {
      await readUntil(stream, /\r\n\r\n/);
      await stream.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
  } catch {
    await stream.close({ how: 'reset' }); // The proxy has left, or was silent for too long.
  }
}

async function bodyOf(site: SimSite): Promise<string> {
  const outcome = await site.ask(GET);
  if (typeof outcome === 'string') return outcome;
  return outcome.status === 200 ? outcome.body : String(outcome.status);
}

/** Who answered how often. */
async function shares(site: SimSite, requests: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < requests; i += 1) {
    const body = await bodyOf(site);
    counts[body] = (counts[body] ?? 0) + 1;
  }
  return counts;
}

/** The group is made when it is first needed: this request waits for its name. */
async function begun({ site, names }: Watched, emit: () => void): Promise<string> {
  const first = bodyOf(site);
  await site.pass(100);
  if (names.watches === 0) throw new Error('nobody watches');
  emit();
  return first;
}

watched('requests wait for the first set, and a change of it moves them', {}, async (t, world) => {
  const { site, names } = world;
  t.is(await begun(world, () => names.found(UPSTREAM)), UPSTREAM);
  t.deepEqual(names.watched, [
    { name: 'backend.test', options: { ...names.watched[0]?.options, service: false } },
  ]);
  t.like(names.watched[0]?.options, { onEmpty: 'hold', holdMs: 30_000 });
  names.found(OTHER, THIRD);
  await site.pass(1);
  t.deepEqual(await shares(site, 4), { [OTHER]: 2, [THIRD]: 2 });
  names.found(UPSTREAM, THIRD);
  await site.pass(1);
  t.deepEqual(await shares(site, 4), { [UPSTREAM]: 2, [THIRD]: 2 });
  t.is(names.watched.length, 1, 'all on one watch');
});

watched('addresses to which there is no way are tried last', {}, async (t, world) => {
  const { site, names } = world;
  const noWay = Array.from({ length: 8 }, (_, i) => `2001:db8::${i + 1}`);
  t.is(await begun(world, () => names.found(...noWay, UPSTREAM)), UPSTREAM);
  t.deepEqual(await shares(site, 20), { [UPSTREAM]: 20 });
  names.found(...noWay, NOBODY);
  await site.pass(1);
  t.is(await bodyOf(site), '502');
  names.found(...noWay, OTHER);
  await site.pass(1);
  t.is(await bodyOf(site), OTHER);
});

watched('errors change nothing, however many there are', {}, async (t, world) => {
  const { site, names } = world;
  t.is(await begun(world, () => names.found(UPSTREAM)), UPSTREAM);
  for (let i = 0; i < 100; i += 1) {
    names.failed('queryA ESERVFAIL backend.test');
    await site.pass(1_000);
  }
  t.is(await bodyOf(site), UPSTREAM);
});

watched(
  'a set that has become empty is the end of the peers, and a new one begins anew',
  {},
  async (t, world) => {
    const { site, names } = world;
    t.is(await begun(world, () => names.found(UPSTREAM)), UPSTREAM);
    names.answer = new Error('queryA ENOTFOUND backend.test');
    names.found();
    await site.pass(1);
    t.is(await bodyOf(site), '502');
    names.found(OTHER);
    await site.pass(1);
    t.is(await bodyOf(site), OTHER);
  },
);

watched(
  'a request that finds nothing known asks at once, whatever the watch waits for',
  {},
  async (t, world) => {
    const { site, names } = world;
    names.answer = new Error('queryA ESERVFAIL backend.test');
    t.is(await begun(world, () => names.failed('queryA ESERVFAIL backend.test')), '502');
    names.answer = [UPSTREAM];
    t.is(await bodyOf(site), UPSTREAM);
    t.deepEqual(names.asked, ['backend.test', 'backend.test']);
    t.is(await bodyOf(site), UPSTREAM);
    t.is(names.asked.length, 2, 'and asks no more when it is known');
  },
);

watched(
  'where watching ends by itself, the name is looked up when its answer is old',
  {},
  async (t, world) => {
    const { site, names } = world;
    names.answer = [OTHER];
    t.is(await begun(world, () => names.found(UPSTREAM)), OTHER);
    names.breaks();
    await site.pass(1_001);
    names.answer = [THIRD];
    await bodyOf(site);
    await site.pass(1);
    t.is(await bodyOf(site), THIRD);
  },
);

watched('a request in flight ends at a server that has left the set', {}, async (t, world) => {
  const { site, names } = world;
  t.is(await begun(world, () => names.found(UPSTREAM)), UPSTREAM);
  const kept = bodyOf(site);
  await site.pass(1);
  names.found(OTHER);
  t.is(await kept, UPSTREAM);
  t.is(await bodyOf(site), OTHER);
});

watched(
  'a set of too many addresses is not taken, and the old one serves',
  {},
  async (t, world) => {
    const { site, names } = world;
    t.is(await begun(world, () => names.found(UPSTREAM)), UPSTREAM);
    names.found(...Array.from({ length: 1025 }, (_, i) => `10.1.${i >> 8}.${i & 255}`));
    await site.pass(1);
    t.is(await bodyOf(site), UPSTREAM);
  },
);

watched(
  'without `resolve` a name is looked up when requests need it',
  { resolve: false },
  async (t, { site, names }) => {
    names.answer = [UPSTREAM];
    t.is(await bodyOf(site), UPSTREAM);
    t.deepEqual([names.watched.length, names.asked.length], [0, 1]);
  },
);

const SERVICE = { resolve: { service: 'http' } };

watched(
  'a service says ports and weights, and its name is that of TCP',
  SERVICE,
  async (t, world) => {
    const { site, names } = world;
    const emit = () =>
      names.serves(
        target('a.test', OTHER, { port: 8080, weight: 3 }),
        target('b.test', THIRD, { port: 80, weight: 1 }),
      );
    const first = await begun(world, emit);
    t.true([`${OTHER}:8080`, THIRD].includes(first));
    t.is(names.watched[0]?.name, '_http._tcp.backend.test');
    t.true(names.watched[0]?.options.service);
    t.deepEqual(await shares(site, 8), { [`${OTHER}:8080`]: 6, [THIRD]: 2 });
  },
);

watched(
  'the lowest priority number serves, and others where it does not',
  SERVICE,
  async (t, world) => {
    const { site, names } = world;
    const backup = target('b.test', OTHER, { priority: 20 });
    const emit = () => names.serves(backup, target('a.test', UPSTREAM, { priority: 10 }));
    t.is(await begun(world, emit), UPSTREAM);
    t.deepEqual(await shares(site, 4), { [UPSTREAM]: 4 });
    names.serves(backup, target('a.test', NOBODY, { priority: 10 }));
    await site.pass(1);
    t.deepEqual(await shares(site, 4), { [OTHER]: 4 });
    names.serves(backup);
    await site.pass(1);
    t.deepEqual(await shares(site, 4), { [OTHER]: 4 }, 'and is a primary when it is alone');
  },
);

watched(
  'a weight of the server stands for those of its records',
  { ...SERVICE, servers: [{ url: 'backend.test', weight: 2 }] },
  async (t, world) => {
    const { site, names } = world;
    const emit = () =>
      names.serves(target('a.test', OTHER, { weight: 9 }), target('b.test', THIRD, { weight: 1 }));
    await begun(world, emit);
    const { [OTHER]: other = 0, [THIRD]: third = 0 } = await shares(site, 8);
    t.deepEqual([other, third], [4, 4]);
  },
);

watched(
  'a service with a dot is taken whole',
  { resolve: { service: '_api._udp' } },
  async (t, world) => {
    const { names } = world;
    t.is(await begun(world, () => names.serves(target('a.test', UPSTREAM))), UPSTREAM);
    t.is(names.watched[0]?.name, '_api._udp.backend.test');
  },
);

watched(
  'the targets of a service share a ring of hashes by their names',
  { ...SERVICE, balance: { hash: (session) => session.req.path, consistent: true } },
  async (t, world) => {
    const { site, names } = world;
    const of = (...all: readonly string[]) =>
      all.map((address) => target(`${address}.test`, address, { weight: 65_535 }));
    await begun(world, () => names.serves(...of(UPSTREAM, OTHER, THIRD)));
    const keys = Array.from({ length: 60 }, (_, i) => `/key${i}`);
    const placed = async (): Promise<string[]> => {
      const bodies: string[] = [];
      for (const key of keys) {
        const outcome = await site.ask(GET.replace('/ ', `${key} `));
        bodies.push(typeof outcome === 'string' ? outcome : outcome.body);
      }
      return bodies;
    };
    const before = await placed();
    t.deepEqual(await placed(), before, 'a key stays');
    t.is(new Set(before).size, 3);
    names.serves(...of(UPSTREAM, OTHER));
    await site.pass(1);
    const after = await placed();
    for (const [index, address] of before.entries()) {
      if (address !== THIRD) t.is(after[index], address, 'only the keys of who left move');
    }
  },
);

test('a service with a port, or without a name, is refused', (t) => {
  const refused = (servers: string[], service: string, message: RegExp) =>
    t.throws(() => upstream('api', { servers, resolve: { service } }), { message });
  refused(['backend.test:80'], 'http', /'backend\.test:80' has a port, which its service says/);
  refused(['10.0.0.1:80'], 'http', /no server is a name/);
  refused(['backend.test'], '', /'' is no name of a service/);
  refused(['backend.test'], '_http._tcp.', /is no name of a service/);
  const servers = ['backend.test', { url: '10.0.0.1:80', backup: true }];
  t.notThrows(() => upstream('api', { servers, resolve: { service: 'http' } }));
});

test('a service needs a resolver, and a look-up is none', async (t) => {
  const site = new SimSite({ seed: 1 }, undefined, (port) => {
    const group = upstream('api', { servers: ['backend.test'], ...SERVICE });
    const { definition } = defineProxy({ upstreamPeer: () => group });
    const lookup = async () => ({ addresses: [UPSTREAM], ttlMs: 1_000 });
    return new PhasedProxy(port, definition, { port: 0 }, { lookup });
  });
  await site.run(async () => {
    await site.start((stream) => serve(stream, UPSTREAM));
    t.is(await bodyOf(site), '500');
  });
});
