import { setImmediate, setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type Upstream, upstream } from '../../../src/proxy/framework/index.ts';
import { SilentListener } from '../../conformance/silent-listener.ts';
import { eventually, PATIENT, SOON_MS } from '../site.ts';
import { answering, closedPort, ok, type Script } from '../upstream.ts';
import { lentByPools } from './lent.ts';
import {
  ask,
  checkRow,
  KINDS,
  kindOf,
  matrixProxy,
  type Noted,
  retryOf,
  VARIANTS,
} from './matrix-client.ts';
import { DRIPS, ROWS, type Row } from './matrix-rows.ts';
import { type Pauses, PeerWire } from './matrix-wire.ts';
import { type World, worldTest } from './world.ts';

const UPLOAD_BYTES = 8 * 1024 * 1024;
/** What is dripped takes longer than `readMs`, each drip far less. */
const DRIP_MS = (1.2 * SOON_MS) / DRIPS;
const PAUSES: Pauses = { settle: () => setTimeout(20), drip: () => setTimeout(DRIP_MS) };
const good: Script = answering(() => ok('fine'));

/** Does what the row says for the first request, and answers those after it. */
function faulty(act: Exclude<Row['act'], string>): Script {
  return async (peer) => {
    const wire = new PeerWire(peer, PAUSES);
    for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
      if (head.includes('/next HTTP/1.1')) peer.write(ok('fine'));
      else if (head.includes(' HTTP/1.1')) await act(wire); // Else it is a body that was framed anew.
    }
  };
}

async function serverOf(world: World, silent: SilentListener, { act }: Row): Promise<string> {
  if (act === 'refuses') return `http://127.0.0.1:${(await closedPort()).port}`;
  if (act === 'is silent to SYN') return `http://127.0.0.1:${(await silent.endpoint()).port}`;
  return world.upstream(faulty(act));
}

/** A deadline that is waited for is short, all others are long. */
function timeoutsOf({ waits, slow }: Row): typeof PATIENT {
  const soon = slow ? 'readMs' : waits;
  return soon === undefined ? PATIENT : { ...PATIENT, [soon]: SOON_MS };
}

async function visit(
  t: ExecutionContext,
  world: World,
  row: Row,
  path: string,
  noted: readonly Noted[],
): Promise<void> {
  const client = await world.client();
  const wire = new PeerWire(client, PAUSES);
  const startedMs = performance.now();
  const answer = await ask(wire, kindOf(path), path, row.upload ? UPLOAD_BYTES : 0);
  const ms = performance.now() - startedMs;
  t.true(ms < PATIENT.readMs, `${path} took ${ms} ms`);
  if (row.waits) t.true(ms >= SOON_MS - 1, `${path} was over after ${ms} ms`);
  await eventually(() => noted.some((one) => one.path === path));
  const logged = noted.filter((one) => one.path === path);
  checkRow(t, row, path, answer, logged);
  for (let i = 0; i < 2; i += 1) {
    const next = answer.persists && !answer.cut ? wire : new PeerWire(await world.client(), PAUSES);
    const { status, body } = await ask(next, 'GET', `${path}/next`);
    t.deepEqual({ status, body }, { status: 200, body: 'fine' }, `after ${path}`);
  }
}

async function meet(t: ExecutionContext, world: World, row: Row): Promise<void> {
  const kinds = row.upload ? ['POST'] : (row.kinds ?? KINDS);
  const paths = VARIANTS.flatMap((variant) => kinds.map((kind) => `/${variant}/${kind}`));
  const silent = new SilentListener();
  try {
    const servers = [await serverOf(world, silent, row), await world.upstream(good)];
    const group = (path: string): Upstream =>
      upstream(path, { servers, timeouts: timeoutsOf(row), ...retryOf(row) });
    const noted: Noted[] = [];
    const proxy = matrixProxy(paths, group, () => setImmediate(), noted);
    await world.listen(proxy, { limits: { bodyBytes: UPLOAD_BYTES } });
    await Promise.all(paths.map((path) => visit(t, world, row, path, noted)));
    t.true(await world.settled());
    t.is(noted.length, 3 * paths.length, 'each exchange is logged once');
    t.deepEqual(world.errors, []);
    if ((row.logged ?? row.dropped) === undefined || row.upload) return;
    if (typeof row.act !== 'function') return;
    t.true(await eventually(() => world.upstreams[0]?.open === 0), 'what failed is closed at once');
  } finally {
    silent.end();
  }
}

for (const row of ROWS) {
  // What waits for a deadline waits beside others.
  const declare = row.waits || row.slow ? test : test.serial;
  worldTest(
    `an upstream: ${row.title}`,
    (t, world) => meet(t, world, row),
    undefined,
    declare as typeof test,
  );
}

test.after('nothing is lent in the end', (t) => {
  t.is(lentByPools(), '');
});
