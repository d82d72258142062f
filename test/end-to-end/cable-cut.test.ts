import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { PIPES_IDLE_MAX } from '../../adapters/linux/pipes.ts';
import { REAL_PORTS } from '../support/real-ports.ts';
import { Cable, whyNoCables } from './cable.ts';
import { type Answer, Program } from './program.ts';

const MIB = 1024 ** 2;
const LONG = process.env.SLUICE_LONG !== undefined;
const DEADLINE_MS = LONG ? 6_000 : 1_000;
/** After the cut, what was on its way is still worked off. */
const SETTLE_MS = 200;
/** Of a processor, while the proxy waits for what does not come; who spins takes all of one. */
const CPU_SHARE_MAX = 0.05;
/** How late a deadline may be seen on a busy machine. */
const LATE_MS_MAX = 2_000;

/** Three programs, each in a network of its own, and the two cables between them. */
type Site = {
  readonly client: Program;
  readonly proxy: Program;
  readonly server: Program;
  readonly toClient: Cable;
  readonly toServer: Cable;
  /** What the proxy had open before it served anybody. */
  readonly before: Answer;
};

async function setUp(t: ExecutionContext, adapter: string): Promise<Site> {
  t.timeout(30_000, 'the test has not ended');
  const server = Program.apart(t, 'upstream-program', '0.0.0.0');
  const { port: serverPort } = await server.ask('listen');
  const options = ['--listen', '0.0.0.0', '--timeout-ms', String(DEADLINE_MS)];
  const target = `10.99.2.2:${serverPort}`;
  const proxy = Program.apart(t, 'proxy-program', ...options, adapter, target);
  const { port: proxyPort } = await proxy.ask('listen');
  const client = Program.apart(t, 'client-program', '10.99.1.1', String(proxyPort));
  await client.ask('state');
  const toClient = new Cable(proxy, client, 1);
  const toServer = new Cable(proxy, server, 2);
  const before = await proxy.ask('state');
  await client.ask('small');
  await client.until(({ status }) => status === 200);
  return { client, proxy, server, toClient, toServer, before };
}

/** Cuts the cable; how long until `end` has come, and does the proxy rest meanwhile? */
async function cutUntil(
  t: ExecutionContext,
  { proxy }: Site,
  cable: Cable,
  end: () => Promise<unknown>,
): Promise<void> {
  const startMs = performance.now();
  cable.cut();
  await setTimeout(SETTLE_MS);
  const fromMs = performance.now();
  const from = await proxy.ask('state');
  await end();
  const to = await proxy.ask('state');
  const endMs = performance.now();
  const share = ((to.cpuMs ?? 0) - (from.cpuMs ?? 0)) / (endMs - fromMs);
  const waitedMs = endMs - startMs;
  t.log(`over after ${waitedMs.toFixed(0)} ms, with ${(share * 100).toFixed(2)} % of a processor`);
  t.true(share < CPU_SHARE_MAX, `${share} of a processor`);
  t.true(waitedMs > DEADLINE_MS - SETTLE_MS, 'not before the deadline');
  t.true(waitedMs < 2 * DEADLINE_MS + LATE_MS_MAX);
}

/** Requests until the proxy must serve again. */
const TRIES_MAX = 10;
/** Of pipes that wait for the next large body. */
const KEPT_DESCRIPTORS = 2 * PIPES_IDLE_MAX;

/** Nothing is left of it all, and the proxy serves as before once the cable is whole. */
async function recovers(t: ExecutionContext, site: Site, cable: Cable): Promise<void> {
  const { client, proxy, before } = site;
  await client.ask('leave');
  const state = await proxy.until(
    ({ sockets, descriptors = 0, connections }) =>
      sockets === before.sockets &&
      descriptors <= (before.descriptors ?? 0) + KEPT_DESCRIPTORS &&
      connections === 0,
  );
  t.like(state, { buffers: 0, parsers: 0 });
  cable.mend();
  await served(client);
  t.is(proxy.errors, '');
}

/** Asks until there is an answer: the first SYN may be lost while the link comes up. */
async function served(client: Program): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    await client.ask('small');
    const { status } = await client.until((seen) => seen.status !== 0 || seen.ended !== 0);
    if (status === 200) return;
    await client.ask('leave');
  }
  throw new Error('the proxy does not serve again');
}

/** Asks through a cable that is cut behind the proxy. */
async function refused(t: ExecutionContext, client: Program): Promise<void> {
  await client.ask('small');
  t.is((await client.until(({ status }) => status !== 0)).status, 504);
}

/** Cuts the client's cable: the server sees its connection go. */
async function givenUp(t: ExecutionContext, site: Site): Promise<void> {
  const { server, toClient } = site;
  await cutUntil(t, site, toClient, () => server.until(({ open }) => open === 0));
  await recovers(t, site, toClient);
}

type Case = (t: ExecutionContext, site: Site) => Promise<void>;

const CASES: Readonly<Record<string, Case>> = {
  'a server that is cut off before its answer is a 504': async (t, site) => {
    const { client, toServer } = site;
    await cutUntil(t, site, toServer, () => refused(t, client));
    await recovers(t, site, toServer);
  },

  'a server that cannot be reached is a 504': async (t, site) => {
    const { client, proxy, toServer } = site;
    await client.ask('leave');
    await proxy.until(({ sockets }) => sockets === 1); // No idle connection is left, either.
    await cutUntil(t, site, toServer, () => refused(t, client));
    await recovers(t, site, toServer);
  },

  'a server that is cut off within its answer ends it by a reset': async (t, site) => {
    const { client, toServer } = site;
    await client.ask('source');
    await client.until(({ received = 0 }) => received > MIB);
    await cutUntil(t, site, toServer, async () => {
      t.is((await client.until(({ ended }) => ended !== 0)).ended, 2);
    });
    await recovers(t, site, toServer);
  },

  'a server that is cut off within a request’s body is a 504': async (t, site) => {
    const { client, server, toServer } = site;
    await client.ask('upload');
    await server.until(({ received = 0 }) => received > MIB);
    await cutUntil(t, site, toServer, async () => {
      const { status, ended } = await client.until((seen) => seen.ended !== 0);
      t.true(status === 504 || ended === 2, `${status}, ended as ${ended}`);
    });
    await recovers(t, site, toServer);
  },

  'a client that is cut off within its answer is given up': async (t, site) => {
    await site.client.ask('source');
    await site.client.until(({ received = 0 }) => received > MIB);
    await givenUp(t, site);
  },

  'a client that is cut off within its request’s body is given up': async (t, site) => {
    await site.client.ask('upload');
    await site.server.until(({ received = 0 }) => received > MIB);
    await givenUp(t, site);
  },
};

const adapters = whyNoCables === undefined ? Object.keys(REAL_PORTS) : [];
for (const adapter of adapters) {
  // One case of an adapter after the other, and the adapters at once: mostly they wait.
  let before: Promise<unknown> = Promise.resolve();
  for (const [title, body] of Object.entries(CASES)) {
    test(`${title} (${adapter})`, async (t) => {
      const mine = before.then(async () => body(t, await setUp(t, adapter)));
      before = mine.catch(() => {});
      await mine;
    });
  }
}

if (whyNoCables !== undefined) test.skip(`cables are cut: ${whyNoCables}`, () => {});
