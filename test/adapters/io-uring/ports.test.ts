import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { SimRandom } from '../../../adapters/sim/sim-random.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Operation } from '../../../src/core/operation.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { connect, listen } from '../../../src/net/index.ts';
import type { Kit } from '../../conformance/kit.ts';
import { uringOn, uringRule, verifyNothingLeft } from './uring-rule.ts';

const ANY: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 };

function closed(port: Pick<ProactorPort, 'close'>): Promise<void> {
  return new Promise((resolve) => port.close(resolve));
}

/** One byte there and back through a new connection of `port`. */
async function echo(port: ProactorPort): Promise<void> {
  const listener = await listen(port, ANY);
  const [client, server] = await Promise.all([connect(port, listener.endpoint), listener.accept()]);
  await client.send(Buffer.from('x'));
  await server.recvInto([Buffer.alloc(1)], { minBytes: 1 });
  await Promise.all([
    client.close({ how: 'reset' }),
    server.close({ how: 'reset' }),
    listener.close(),
  ]);
}

test.serial('300 ports opened and closed leave no descriptor, ring or memory', async (t) => {
  for (let i = 0; i < 300; i += 1) {
    const port = uringOn();
    if (i % 50 === 0) await echo(port);
    const end = closed(port);
    if (i % 2 === 0) await end;
    else await setTimeout(0);
  }
  await closed(uringOn());
  verifyNothingLeft(t);
});

/** An operation of a random kind, which may never end by itself. */
function some(kit: Kit, random: SimRandom, client: number, server: number): Operation {
  switch (random.nextUint32() % 7) {
    case 0:
      return kit.recv(server);
    case 1:
      return kit.recv(server, { into: [new Uint8Array(100)], minBytes: 50 });
    case 2:
      return kit.peek(server, { wantBytes: 10 });
    case 3:
      return kit.send(client, ['some text']);
    case 4:
      return kit.send(client, [Buffer.alloc(300_000)]);
    case 5:
      return kit.recv(server, { deadlineMs: kit.nowMs() + 1 });
    default:
      return kit.shutdown(server);
  }
}

uringRule(
  'whatever is cancelled or closed at random points ends once and leaks nothing',
  async (kit) => {
    const random = new SimRandom(Number(process.env.SLUICE_SEED ?? 1));
    const { socket, bound } = await kit.listening();
    for (let round = 0; round < 200; round += 1) {
      const { client, server } = await kit.pairOn(socket, bound as Endpoint);
      const operations = Array.from({ length: 6 }, () => some(kit, random, client, server));
      for (let steps = random.nextUint32() % 4; steps > 0; steps -= 1) await kit.site.step();
      for (const operation of operations) if (random.chance(0.5)) kit.cancel(operation);
      for (let steps = random.nextUint32() % 3; steps > 0; steps -= 1) await kit.site.step();
      const how = random.chance(0.5) ? 'reset' : 'graceful';
      const closes = [client, server].map((id) => kit.close(id, { how, lingerMs: 5 }));
      for (const close of closes) await kit.ends(close, 'done');
      for (const { status, kind } of operations) assert.notEqual(status, 'pending', kind);
    }
    assert.equal(kit.port.openSockets, 1);
  },
);

uringRule('an idle port with 200 connections that wait runs no code', async (kit) => {
  const { socket, bound } = await kit.listening();
  for (let i = 0; i < 200; i += 1) {
    const { client, server } = await kit.pairOn(socket, bound as Endpoint);
    kit.recv(server);
    kit.peek(client);
  }
  await kit.settle();
  const { turn } = kit.port.loop;
  const before = performance.eventLoopUtilization();
  await setTimeout(500);
  const { utilization } = performance.eventLoopUtilization(before);
  assert.equal(kit.port.loop.turn, turn, 'no turn was made');
  assert.ok(utilization < 0.05, `busy for ${utilization} of the time`);
});

uringRule('timers and immediates of Node’s run while the ring is busy', async (kit) => {
  const { client, server } = await kit.pair();
  let rounds = 0;
  let busy = true;
  const pingPong = async (): Promise<void> => {
    for (; busy; rounds += 1) await kit.talks({ listener: -1, bound: ANY, client, server });
  };
  const work = pingPong();
  const lateMs: number[] = [];
  for (let i = 0; i < 20; i += 1) {
    const startMs = performance.now();
    await setTimeout(5);
    lateMs.push(performance.now() - startMs - 5);
  }
  busy = false;
  await work;
  assert.ok(rounds > 20, `${rounds} rounds`);
  lateMs.sort((a, b) => a - b);
  assert.ok((lateMs[10] as number) < 20, `${lateMs}`);
});

test.serial('an exception that the host passes on does not stop the port', async (t) => {
  const failures: unknown[] = [];
  const port = uringOn({}, (error) => failures.push(error));
  port.loop.post(() => {
    throw new Error('mine');
  });
  await echo(port);
  t.is(failures.length, 1);
  await closed(port);
  verifyNothingLeft(t);
});

const PROGRAM = fileURLToPath(new URL('./exit-program.js', import.meta.url));

for (const [what, says] of Object.entries({
  closed: 'a process ends by itself once its port is closed',
  open: 'an open port without sockets does not keep the process alive',
  gone: 'a port whose sockets are closed does not keep the process alive',
  worker: 'a worker that ends with an open port does not end the process',
})) {
  test(says, async (t) => {
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, what], {
      timeout: 10_000,
    });
    t.is(stdout, 'exit 0\n');
  });
}

test('an open connection keeps the process alive', async (t) => {
  const child = promisify(execFile)(process.execPath, [PROGRAM, 'alive'], { timeout: 10_000 });
  const { stdout } = await child;
  t.is(stdout, 'heard\nexit 0\n', 'what comes after half a second is still heard');
});
