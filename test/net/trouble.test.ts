import test from 'ava';
import { SimProactor, SimWorld } from '../../adapters/sim/index.ts';
import { ownFault } from '../../src/core/fault.ts';
import { connect, IoError, listen, poolOf, relay, type Stream } from '../../src/net/index.ts';
import { closed, textOf } from './worlds.ts';

const SEEDS = 40;
const FAULTS_MAX = 2_000;
const REQUEST = 'a question, '.repeat(5_000);
const ANSWER = 'an answer, '.repeat(4_000);
const any = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;

type Run = { up: string; down: string; why: string };

/** A client asks a server through a relay; each ends its side when it has said everything. */
async function throughRelay(port: SimProactor): Promise<Run> {
  await using front = await listen(port, any);
  await using back = await listen(port, any);
  const wait = { timeoutMs: 60_000 };
  const inner = async (): Promise<string> => {
    const a = await front.accept(wait);
    try {
      return (await relay(a, await connect(port, back.endpoint, wait), { idleMs: 60_000 })).why;
    } finally {
      await a.close();
    }
  };
  const talk = async (opened: Promise<Stream>, text: string): Promise<string> => {
    await using stream = await opened;
    const heard = textOf(stream);
    heard.catch(() => {}); // It is awaited below, unless the send fails first.
    await stream.send(text, wait);
    await stream.shutdown(wait);
    return await heard;
  };
  const sides = [talk(connect(port, front.endpoint, wait), REQUEST), inner()] as const;
  const [down, why, up] = await Promise.all([...sides, talk(back.accept(wait), ANSWER)]);
  return { up, down, why };
}

function worldOf(seed: number): [SimWorld, SimProactor] {
  const world = new SimWorld({ seed });
  return [world, new SimProactor(world.local)];
}

test('every byte passes a relay when packets are lost, reordered and doubled', async (t) => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const [world, port] = worldOf(seed);
    Object.assign(world.conditions, { latencyMinMs: 1, latencyMaxMs: 30 });
    Object.assign(world.conditions, { loss: 0.05, reorder: 0.05, duplication: 0.05 });
    const { up, down, why } = await world.drive(throughRelay(port));
    t.true(up === REQUEST, `what went up with seed ${seed}`);
    t.true(down === ANSWER, `what came down with seed ${seed}`);
    t.is(why, 'ended', `seed ${seed}`);
    await world.drive(closed(port));
    t.is(poolOf(port).lent, 0, `seed ${seed}`);
  }
});

test('when any one operation fails, everything ends: all bytes, or a typed error', async (t) => {
  let fired = true;
  let n = 0;
  while (fired) {
    n += 1;
    t.true(n < FAULTS_MAX, 'the scenario ends');
    const [world, port] = worldOf(n);
    const plan = world.failNth('any', n, ownFault('reset', 'plan'));
    try {
      const { up, down, why } = await world.drive(throughRelay(port));
      t.deepEqual([up === REQUEST, down === ANSWER, why], [true, true, 'ended'], `fault ${n}`);
    } catch (error) {
      t.true(error instanceof IoError, `fault ${n}: ${error}`);
    }
    fired = plan.fired;
    await world.drive(closed(port));
    t.is(port.openSockets, 0, `fault ${n}`);
    t.is(port.loop.pendingTimers, 0, `fault ${n}`);
    t.is(poolOf(port).lent, 0, `fault ${n}`);
  }
  t.true(n > 20, 'the plan has met the operations of the scenario');
});

test('a connect that expires or is aborted leaves no socket, and says whom it wanted', async (t) => {
  const [world, port] = worldOf(1);
  const far = world.host('far', '10.0.0.9');
  const near = world.host('near', '10.0.0.1');
  const from = new SimProactor(near);
  world.partition(near, far);
  await world.drive(
    (async () => {
      const error = await t.throwsAsync(connect(from, '10.0.0.9:80', { timeoutMs: 100 }), {
        instanceOf: IoError,
        code: 'expired',
      });
      t.is(error?.message, 'connect: expired: 10.0.0.9:80');
      t.is(from.openSockets, 0);
      const controller = new AbortController();
      const wanted = connect(from, '10.0.0.9:80', { signal: controller.signal });
      const reason = new Error('enough');
      controller.abort(reason);
      t.is(await t.throwsAsync(wanted), reason);
      t.is(from.openSockets, 0);
    })(),
  );
  await world.drive(Promise.all([closed(port), closed(from)]));
});
