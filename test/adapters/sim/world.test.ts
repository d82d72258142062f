import test from 'ava';
import { SimProactor, SimWorld } from '../../../adapters/sim/index.ts';
import type { RecvOperation } from '../../../src/core/operation.ts';
import { acceptOperation, recvOperation, timerOperation } from '../../../src/core/operations.ts';
import { Lab, started } from './sim-kit.ts';

/** Runs `then` after `ms` of the port's clock. */
function after(port: SimProactor, ms: number, then: () => void): void {
  const timer = timerOperation(then);
  timer.atMs = port.loop.nowMs() + ms;
  port.submit(timer);
}

test('run goes on until nothing is left to happen', (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.local);
  const atMs: number[] = [];
  after(port, 30, () => {
    atMs.push(world.nowMs());
    after(port, 12, () => atMs.push(world.nowMs()));
  });
  world.run();
  t.deepEqual(atMs, [30, 42]);
});

test('advance lets exactly that much time pass', (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.local);
  let fired = false;
  after(port, 10, () => {
    fired = true;
  });
  world.advance(9.5);
  t.false(fired);
  t.is(world.nowMs(), 9.5);
  world.advance(0.5);
  t.true(fired);
});

test('runUntil stops at its predicate, at its time, or when nothing is left', (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.local);
  let fired = 0;
  for (const ms of [10, 20, 30]) after(port, ms, () => (fired += 1));
  t.true(world.runUntil(() => fired === 1, 100));
  t.is(world.nowMs(), 10);
  t.false(world.runUntil(() => fired === 3, 15));
  t.is(fired, 2);
  t.false(world.runUntil(() => fired === 4, 100));
});

test('TIME-WAIT does not keep the world busy', (t) => {
  const { lab, client, server } = new Lab().pair();
  client.shutdown();
  lab.settle();
  server.shutdown();
  lab.world.run();
  t.is(lab.world.nowMs(), 0);
  t.is(client.state, 'timeWait');
});

test('a stuck reader does not keep the world busy', (t) => {
  const { lab, client } = new Lab({ latencyMinMs: 1, latencyMaxMs: 1 }).pair();
  const send = client.send(Buffer.alloc(1_000_000));
  lab.world.run();
  t.is(send.status, 'pending');
});

test('a program that spins is a bug that names its seed', (t) => {
  const world = new SimWorld({ seed: 'spin', eventsMax: 1_000 });
  const port = new SimProactor(world.local);
  const again = (): void => after(port, 0, again);
  again();
  t.throws(() => world.run(), { name: 'InvariantError', message: /1000 events.*seed spin/ });
});

test('running the world from inside a callback is a bug', (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.local);
  after(port, 1, () => world.run());
  t.throws(() => world.run(), { name: 'InvariantError' });
});

test('what a callback throws comes out of the run, or goes to onUncaught', (t) => {
  const world = new SimWorld({ seed: 1 });
  after(new SimProactor(world.local), 1, () => {
    throw new Error('oops');
  });
  t.throws(() => world.run(), { message: 'oops' });
  const told: unknown[] = [];
  const quiet = new SimWorld({ seed: 1, onUncaught: (error) => told.push(error) });
  after(new SimProactor(quiet.local), 1, () => {
    throw new Error('oops');
  });
  quiet.run();
  t.is(told.length, 1);
});

test('drive gives what the promise gives, and time passes only when promises are done', async (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.local);
  const sleep = (ms: number) => new Promise<void>((resolve) => after(port, ms, resolve));
  const work = async (): Promise<number> => {
    await sleep(5);
    for (let i = 0; i < 50; i += 1) await Promise.resolve();
    after(port, 1, () => {});
    await sleep(10);
    return world.nowMs();
  };
  t.is(await world.drive(work()), 15);
  await t.throwsAsync(world.drive(Promise.reject(new Error('no'))), { message: 'no' });
});

test('drive says when a promise can never be settled, and names the seed', async (t) => {
  const world = new SimWorld({ seed: 42 });
  await t.throwsAsync(world.drive(new Promise(() => {})), { message: /idle.*seed 42/ });
});

test('a lent view is overwritten as soon as its callback has returned', (t) => {
  const { lab, client, server } = new Lab().pair();
  const views: string[] = [];
  const look = ({ data, offset, bytes }: RecvOperation): void => {
    views.push(Buffer.from(data.subarray(offset, offset + bytes)).toString('latin1'));
  };
  const recv = recvOperation(server.socket, (operation) => {
    look(operation);
    lab.server.loop.post(() => look(operation)); // Later in the same turn.
  });
  client.send('secret');
  lab.settle();
  started(lab.server, recv);
  lab.settle();
  t.deepEqual(views, ['secret', '\xdd'.repeat(6)]);
  t.false(recv.owned);
});

test('idle connections own no buffer', (t) => {
  const lab = new Lab();
  const { listen, client, server } = lab.pair();
  for (let i = 0; i < 100; i += 1) {
    started(
      lab.server,
      acceptOperation(listen.socket, () => {}),
    );
    lab.connect(listen.bound as NonNullable<typeof listen.bound>);
  }
  lab.world.run();
  t.is(lab.server.openSockets, 102);
  t.is(lab.world.rings.lent, 0);
  client.send('busy');
  lab.settle();
  t.is(lab.world.rings.lent, 1);
  server.recv();
  lab.settle();
  t.is(lab.world.rings.lent, 0);
});
