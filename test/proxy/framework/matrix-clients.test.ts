import { setImmediate, setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { defineProxy, type SessionBase, upstream } from '../../../src/proxy/framework/index.ts';
import { Peer } from '../peer.ts';
import { eventually, PATIENT, SOON_MS } from '../site.ts';
import { answering, ok, type Script } from '../upstream.ts';
import { lentByPools } from './lent.ts';
import { ask, handlers, type Noted, notingProxy, VARIANTS, type Variant } from './matrix-client.ts';
import { CLIENT_ROWS, type ClientRow, checkClient, SERVERS } from './matrix-client-rows.ts';
import { DRIPS } from './matrix-rows.ts';
import { type Pauses, PeerWire } from './matrix-wire.ts';
import { Gate, type Options, post, request, type World, worldTest } from './world.ts';

/** More than the kernel buffers. */
const MUCH_BYTES = 16 * 1024 * 1024;
const DRIP_MS = (1.2 * SOON_MS) / DRIPS;
const PAUSES: Pauses = { settle: () => setTimeout(20), drip: () => setTimeout(DRIP_MS) };
const PATH = /x HTTP\/1.1/;

function scriptOf({ server }: ClientRow): Script {
  return async (peer) => {
    const wire = new PeerWire(peer, PAUSES);
    for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
      if (head.includes('/next HTTP/1.1')) peer.write(ok('fine'));
      else if (PATH.test(head)) await SERVERS[server](wire, MUCH_BYTES);
    }
    peer.leave();
  };
}

function timeoutsOf({ waits, slow }: ClientRow): Options['timeouts'] & object {
  const { sendMs, idleMs } = PATIENT;
  const patient = { headMs: sendMs, bodyMs: sendMs, sendMs, idleMs };
  if (slow) return { ...patient, bodyMs: SOON_MS, sendMs: SOON_MS };
  return waits === undefined ? patient : { ...patient, [waits]: SOON_MS };
}

/** A client of the proxy that was started last. */
async function clientOf(world: World): Promise<PeerWire> {
  const { address } = (world.proxies.at(-1) as World['proxies'][0]).running;
  const peer = await Peer.connect(address.port);
  world.peers.push(peer);
  return new PeerWire(peer, PAUSES);
}

async function meet(
  t: ExecutionContext,
  world: World,
  row: ClientRow,
  variant: Variant,
): Promise<void> {
  const server = await world.upstream(scriptOf(row));
  const group = upstream('group', { servers: [server], timeouts: PATIENT });
  const noted: Noted[] = [];
  const phases = { upstreamPeer: () => group, ...handlers(variant, () => setImmediate()) };
  await world.listen(notingProxy(noted).route('/', phases), { timeouts: timeoutsOf(row) });
  const wire = await clientOf(world);
  const startedMs = performance.now();
  const answer = await row.act(wire);
  const count = row.logged === undefined ? 0 : 1;
  t.true(await eventually(() => noted.length >= count && world.begun === world.released));
  const ms = performance.now() - startedMs;
  t.true(ms < PATIENT.readMs, `${ms} ms`);
  if (row.waits) t.true(ms >= SOON_MS - 1, `over after ${ms} ms`);
  checkClient(t, row, variant, answer, noted);
  t.is((await ask(await clientOf(world), 'GET', '/next')).body, 'fine', 'the next one is served');
  if (row.leaves) {
    const closed = () => (world.upstreams[0]?.open as number) <= 1;
    t.true(await eventually(closed), 'nothing is left of the request at the server');
  }
}

for (const row of CLIENT_ROWS) {
  for (const variant of VARIANTS) {
    worldTest(`a client, ${variant} handlers: ${row.title}`, (t, world) =>
      meet(t, world, row, variant),
    );
  }
}

worldTest(
  'a request that waits behind another one is answered, though FIN has come meanwhile',
  async (t, world) => {
    const gate = new Gate();
    const url = await world.upstream(answering(() => ok('fine')));
    const requestFilter = ({ req }: SessionBase) =>
      req.path === '/held' ? gate.pass() : undefined;
    await world.listen(defineProxy({ upstreamPeer: () => url, requestFilter }));
    const client = await world.client();
    client.write(post('/held', 'hello') + request('GET', '/'));
    client.finish();
    await gate.reached;
    // What others ask is answered: the end of the first client has been seen by then.
    for (let i = 0; i < 2; i += 1) t.is((await world.get('/')).status, 200);
    gate.open();
    for (let i = 0; i < 2; i += 1) t.is((await client.response()).body.toString(), 'fine');
    t.is((await client.rest()).end, 'fin');
  },
);

test.after('nothing is lent in the end', (t) => {
  t.is(lentByPools(), '');
});
