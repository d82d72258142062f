import test, { type ExecutionContext } from 'ava';
import { SimProactor, SimRandom } from '../../adapters/sim/index.ts';
import { Resolver } from '../../src/dns/index.ts';
import { listen } from '../../src/net/index.ts';
import { PhasedProxy } from '../../src/proxy/framework/running.ts';
import { defineProxy, type UpstreamGroupOptions, upstream } from '../../src/proxy/index.ts';
import { type ZoneAnswer, ZoneServer } from '../support/zone-server.ts';
import { readUntil, SimSite, UPSTREAM } from './sim-site.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const NAME = 'backend.test';
const NAME_SERVER = '10.0.0.53';
const OTHER = '10.0.0.4';
const SECOND_MS = 1_000;
const TTL_S = 10;
const SERVFAIL = 2;
const NXDOMAIN = 3;

type World = { readonly site: SimSite; readonly zone: ZoneServer; readonly resolver: Resolver };
type Served = Parameters<Parameters<SimSite['start']>[0]>[0];

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

/** A proxy before a group whose server is a name, a name server, and two hosts that serve. */
function resolved(
  title: string,
  options: Partial<UpstreamGroupOptions>,
  body: (t: ExecutionContext, world: World) => Promise<void>,
): void {
  test(title, async (t) => {
    const group = upstream('api', { servers: [`http://${NAME}`], ...options });
    const { definition } = defineProxy({ upstreamPeer: () => group });
    let resolver: Resolver | undefined;
    const site = new SimSite({ seed: title }, undefined, (port) => {
      const random = new SimRandom('dns');
      resolver = new Resolver(port, { servers: [NAME_SERVER] }, { random });
      return new PhasedProxy(port, definition, { port: 0 }, { resolver });
    });
    const dns = new SimProactor(site.world.host('ns', NAME_SERVER));
    await site.run(async () => {
      await site.start((stream) => serve(stream, UPSTREAM));
      const other = new SimProactor(site.world.host('other', OTHER));
      for (const port of [80, 8080]) {
        const listener = await listen(other, { family: 'ipv4', address: OTHER, port });
        const text = port === 80 ? OTHER : `${OTHER}:${port}`;
        void (async () => {
          for await (const stream of listener) void serve(stream, text);
        })().catch(() => {});
      }
      const any = { family: 'ipv4', address: NAME_SERVER, port: 53 } as const;
      const zone = await ZoneServer.open(dns, any);
      await body(t, { site, zone, resolver: resolver as Resolver });
    });
    t.is((resolver as Resolver).stats().watchers, 0, 'nobody watches when the proxy has closed');
    await site.world.drive((resolver as Resolver)[Symbol.asyncDispose]());
    t.is(site.port.loop.pendingTimers, 0);
    t.is(site.left, '');
  });
}

async function bodyOf(site: SimSite): Promise<string> {
  const outcome = await site.ask(GET);
  if (typeof outcome === 'string') return outcome;
  return outcome.status === 200 ? outcome.body : String(outcome.status);
}

resolved('a change of addresses moves the traffic after the TTL', {}, async (t, { site, zone }) => {
  zone.addresses(NAME, [UPSTREAM], TTL_S);
  t.is(await bodyOf(site), UPSTREAM);
  zone.addresses(NAME, [OTHER], TTL_S);
  await site.pass((TTL_S - 1) * SECOND_MS);
  t.is(await bodyOf(site), UPSTREAM);
  await site.pass(2 * SECOND_MS);
  t.is(await bodyOf(site), OTHER);
  const { length } = zone.queries;
  for (let i = 0; i < 20; i += 1) await bodyOf(site);
  t.is(zone.queries.length, length, 'requests ask nothing');
});

const GONE: readonly [how: string, answer: ZoneAnswer][] = [
  ['NXDOMAIN', { rcode: NXDOMAIN }],
  ['an empty answer', {}],
];

for (const [how, answer] of GONE) {
  resolved(
    `${how} keeps the peers for 30 s, and empties the group only then`,
    {},
    async (t, world) => {
      const { site, zone } = world;
      zone.addresses(NAME, [UPSTREAM], TTL_S);
      t.is(await bodyOf(site), UPSTREAM);
      zone.both(NAME, { ...answer, negativeTtl: 1 });
      const { length } = zone.queries;
      for (let s = 0; s < TTL_S + 28; s += 1) {
        await site.pass(SECOND_MS);
        t.is(await bodyOf(site), UPSTREAM, `after ${s + 1} s`);
      }
      t.true(zone.queries.length > length, 'it was asked');
      await site.pass(5 * SECOND_MS);
      t.is(await bodyOf(site), '502');
      zone.addresses(NAME, [OTHER], TTL_S);
      await site.pass(2 * SECOND_MS);
      t.is(await bodyOf(site), OTHER, 'and it needs no restart');
    },
  );

  resolved(`${how} that is over within 30 s is never seen`, {}, async (t, { site, zone }) => {
    zone.addresses(NAME, [UPSTREAM], TTL_S);
    t.is(await bodyOf(site), UPSTREAM);
    for (let round = 0; round < 3; round += 1) {
      zone.both(NAME, { ...answer, negativeTtl: 1 });
      await site.pass((TTL_S + 20) * SECOND_MS);
      t.is(await bodyOf(site), UPSTREAM);
      zone.addresses(NAME, [UPSTREAM], TTL_S);
      await site.pass(40 * SECOND_MS);
      t.is(await bodyOf(site), UPSTREAM);
    }
  });

  resolved(
    `${how} is believed as soon as the group says`,
    { holdMs: 2_000 },
    async (t, { site, zone }) => {
      zone.addresses(NAME, [UPSTREAM], TTL_S);
      t.is(await bodyOf(site), UPSTREAM);
      zone.both(NAME, { ...answer, negativeTtl: 1 });
      await site.pass((TTL_S + 4) * SECOND_MS);
      t.is(await bodyOf(site), '502');
    },
  );
}

const FAILS: readonly [how: string, answer: ZoneAnswer][] = [
  ['SERVFAIL', { rcode: SERVFAIL }],
  ['silence', { silent: true }],
];

for (const [how, answer] of FAILS) {
  resolved(`${how} never empties a group`, {}, async (t, { site, zone }) => {
    zone.addresses(NAME, [UPSTREAM], TTL_S);
    t.is(await bodyOf(site), UPSTREAM);
    zone.both(NAME, answer);
    zone.other = answer;
    for (let minute = 0; minute < 10; minute += 1) {
      await site.pass(60 * SECOND_MS);
      t.is(await bodyOf(site), UPSTREAM);
    }
    zone.addresses(NAME, [OTHER], TTL_S);
    await site.pass(61 * SECOND_MS);
    t.is(await bodyOf(site), OTHER, 'and what comes after it is followed');
  });
}

resolved('one family that fails takes nothing from the other', {}, async (t, { site, zone }) => {
  zone.addresses(NAME, [UPSTREAM], TTL_S);
  zone.set(NAME, 'AAAA', { rcode: SERVFAIL });
  t.is(await bodyOf(site), UPSTREAM);
  await site.pass(60 * SECOND_MS);
  t.is(await bodyOf(site), UPSTREAM);
});

resolved(
  'a name that cannot be had at first is a 502, and soon after it can be',
  {},
  async (t, world) => {
    const { site, zone } = world;
    zone.both(NAME, { rcode: SERVFAIL });
    t.is(await bodyOf(site), '502');
    zone.addresses(NAME, [UPSTREAM], TTL_S);
    await site.pass(6 * SECOND_MS);
    t.is(await bodyOf(site), UPSTREAM);
  },
);

resolved(
  'a service is followed: ports, priorities and who leaves',
  { resolve: { service: 'http' } },
  async (t, { site, zone }) => {
    const name = `_http._tcp.${NAME}`;
    const record = (target: string, port: number, priority: number) => ({
      type: 'SRV' as const,
      name,
      ttl: TTL_S,
      data: { target, port, priority, weight: 1 },
    });
    zone.addresses('a.test', [UPSTREAM], TTL_S);
    zone.addresses('b.test', [OTHER], TTL_S);
    zone.set(name, 'SRV', { records: [record('a.test', 80, 1), record('b.test', 8080, 2)] });
    for (let i = 0; i < 4; i += 1) t.is(await bodyOf(site), UPSTREAM);
    zone.set(name, 'SRV', { records: [record('b.test', 8080, 2)] });
    await site.pass((TTL_S + 1) * SECOND_MS);
    for (let i = 0; i < 4; i += 1) t.is(await bodyOf(site), `${OTHER}:8080`);
    zone.set(name, 'SRV', { rcode: NXDOMAIN, negativeTtl: 1 });
    await site.pass((TTL_S + 10) * SECOND_MS);
    t.is(await bodyOf(site), `${OTHER}:8080`, 'a service is held, too');
  },
);
