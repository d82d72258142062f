import test, { type ExecutionContext } from 'ava';
import { SimProactor, SimWorld, type WorldOptions } from '../../../adapters/sim/index.ts';
import { ownFault } from '../../../src/core/fault.ts';
import { timerOperation } from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import {
  TCP_LINKS_MAX,
  TCP_QUERIES_MAX,
  TcpConnection,
} from '../../../src/dns/transport/tcp-connection.ts';
import {
  TCP_CONNECT_MS_MAX,
  TCP_IDLE_MS,
  TCP_SILENCE_MS,
} from '../../../src/dns/transport/tcp-link.ts';
import { poolOf } from '../../../src/net/index.ts';
import { closed, type World } from '../../net/worlds.ts';
import {
  answerTo,
  endOf,
  framed,
  obliging,
  queriesOf,
  type Serve,
  type TcpScene,
  TestAsker,
  tcpScene,
} from './tcp-world.ts';

const SEEDS = 300;
const FAULTS_MAX = 200;

type Sim = { readonly sim: SimWorld; readonly world: World };

function worldOf(options: WorldOptions): Sim {
  const sim = new SimWorld(options);
  const port = new SimProactor(sim.local);
  const any = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
  return { sim, world: { name: 'sim', port, any, drive: (promise) => sim.drive(promise) } };
}

function sleep(port: ProactorPort, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = timerOperation(() => resolve());
    timer.atMs = port.loop.nowMs() + ms;
    port.submit(timer);
  });
}

type Play = (scene: TcpScene, world: World, sim: SimWorld) => Promise<void>;

/** Plays on a network without trouble; nothing may be left. */
async function play(t: ExecutionContext, serve: Serve, body: Play, seed = 1): Promise<void> {
  const { sim, world } = worldOf({ seed });
  await sim.drive(
    (async () => {
      const scene = await tcpScene(world, serve);
      await body(scene, world, sim);
      await scene.close();
    })(),
  );
  nothingLeft(t, world.port, `seed ${seed}`);
  await sim.drive(closed(world.port));
}

function nothingLeft(t: ExecutionContext, port: ProactorPort, about: string): void {
  t.is(port.openSockets, 0, about);
  t.is(port.loop.pendingTimers, 0, about);
  t.is(poolOf(port).lent, 0, about);
}

test('case 37: a byte a second for ever ends with the deadline of the query', async (t) => {
  const serve: Serve = async (stream) => {
    for await (const query of queriesOf(stream)) {
      for (const byte of framed(Buffer.concat([answerTo(query), Buffer.alloc(1_000)]))) {
        await stream.send(Buffer.from([byte]));
        await sleep(stream.port, 1_000);
      }
    }
  };
  await play(t, serve, async ({ ask, connection }, { port }) => {
    const beganMs = port.loop.nowMs();
    t.is(await endOf(ask('a.test', 20_000)), 'timeout');
    t.is(port.loop.nowMs() - beganMs, 20_000);
    await sleep(port, 2_000);
    t.is(connection.links, 0, 'the connection is not used again');
  });
});

test('case 37: length 65535 and then silence ends with the deadline of the query', async (t) => {
  const serve: Serve = async (stream) => {
    for await (const _ of queriesOf(stream)) await stream.send(Buffer.from([0xff, 0xff, 1]));
  };
  await play(t, serve, async ({ ask }, { port }) => {
    const beganMs = port.loop.nowMs();
    const asked = [ask('a.test', 3_000), ask('b.test', 2_000)];
    t.is(await endOf(asked[1] as TestAsker), 'timeout');
    t.is(port.loop.nowMs() - beganMs, 2_000);
    t.is(await endOf(asked[0] as TestAsker), 'timeout');
    t.is(port.loop.nowMs() - beganMs, 3_000);
  });
});

test('case 37: a connection is closed after 10 s without a query, and not before', async (t) => {
  await play(t, obliging, async ({ ask, connection, accepted }, { port }) => {
    t.is(await endOf(ask('a.test', 60_000)), 'answer');
    await sleep(port, TCP_IDLE_MS - 1);
    t.is(await endOf(ask('b.test', 60_000)), 'answer');
    t.is(accepted.length, 1);
    await sleep(port, TCP_IDLE_MS - 1);
    t.is(connection.links, 1);
    await sleep(port, 2);
    t.is(connection.links, 0);
    t.is(port.loop.pendingTimers, 0, 'and no timer is left');
  });
});

test('a server that closes an idle connection costs the next query nothing', async (t) => {
  const serve: Serve = async (stream) => {
    for await (const query of queriesOf(stream)) {
      await stream.send(framed(answerTo(query)));
      await sleep(stream.port, 1_000);
      await stream.close();
      return;
    }
  };
  await play(t, serve, async ({ ask, connection, accepted }, { port }) => {
    t.is(await endOf(ask('a.test')), 'answer');
    await sleep(port, 2_000);
    t.is(connection.links, 0);
    t.is(await endOf(ask('b.test')), 'answer');
    t.is(accepted.length, 2);
  });
});

test('a server that fell silent gets a new connection, and may still answer on the old one', async (t) => {
  const serve: Serve = async (stream, index) => {
    if (index > 0) return obliging(stream, index);
    for await (const query of queriesOf(stream)) {
      if (!query.includes('slow')) continue;
      await sleep(stream.port, 10_000);
      await stream.send(framed(answerTo(query)));
    }
    await stream.close();
  };
  await play(t, serve, async ({ ask, accepted, connection }, { port }) => {
    const slow = ask('slow.test', 20_000);
    t.is(await endOf(ask('a.test', TCP_SILENCE_MS)), 'timeout');
    t.is(await endOf(ask('b.test', 1_000)), 'answer');
    t.is(accepted.length, 2);
    t.is(await endOf(slow), 'answer');
    await sleep(port, 1);
    t.is(connection.links, 1, 'the old one has gone with its last query');
  });
});

test('a query that expires sooner than silence counts keeps the connection', async (t) => {
  const serve: Serve = async (stream) => {
    for await (const query of queriesOf(stream)) {
      if (query.includes('b')) await stream.send(framed(answerTo(query)));
    }
  };
  await play(t, serve, async ({ ask, accepted }) => {
    t.is(await endOf(ask('a.test', TCP_SILENCE_MS - 1)), 'timeout');
    t.is(await endOf(ask('b.test')), 'answer');
    t.is(accepted.length, 1);
  });
});

test('connections to a silent server are bounded; at the bound the oldest one goes', async (t) => {
  const serve: Serve = async (stream) => {
    for await (const _ of queriesOf(stream));
  };
  await play(t, serve, async ({ ask, asker, connection }, { port }) => {
    const patient: TestAsker[] = [];
    for (let link = 0; link < TCP_LINKS_MAX; link += 1) {
      patient.push(ask(`${link}.test`, 600_000));
      t.is(await endOf(ask('a.test', TCP_SILENCE_MS)), 'timeout');
      t.is(connection.links, link + 1);
    }
    t.false(connection.ask(asker('b.test')), 'refused at the bound');
    t.is(await endOf(patient[0] as TestAsker), 'timeout');
    t.true(connection.ask(asker('c.test', 1_000)), 'and then there is room');
    await sleep(port, 1);
    t.is(connection.links, TCP_LINKS_MAX);
    t.deepEqual(
      patient.map(({ ends }) => ends),
      [1, 0, 0, 0],
    );
  });
});

test('queries that a server does not read yet wait outside of the outbox', async (t) => {
  const serve: Serve = async (stream, index) => {
    await sleep(stream.port, 2_000);
    await obliging(stream, index);
  };
  const long = `${'x'.repeat(60)}.${'y'.repeat(60)}.`;
  const { sim, world } = worldOf({ seed: 1, sendBufferBytes: 512, receiveBufferBytes: 512 });
  await sim.drive(
    (async () => {
      const scene = await tcpScene(world, serve);
      const askers = Array.from({ length: TCP_QUERIES_MAX }, (_, i) =>
        scene.ask(`${long}${i}.test`),
      );
      await sleep(world.port, 1_000);
      // 16 KiB in chunks of as much: one that is partly sent, and one behind it.
      t.true(poolOf(world.port).lent <= 2, `${poolOf(world.port).lent} chunks`);
      t.deepEqual([...new Set(await Promise.all(askers.map(endOf)))], ['answer']);
      await scene.close();
    })(),
  );
  nothingLeft(t, world.port, 'at the end');
  await sim.drive(closed(world.port));
});

/** A server behind a network that can be cut. */
async function cut(t: ExecutionContext, body: (far: Far) => Promise<void>): Promise<void> {
  const sim = new SimWorld({ seed: 1, latencyMinMs: 5, latencyMaxMs: 5 });
  const [near, away] = [sim.host('near', '10.0.0.1'), sim.host('away', '10.0.0.9')];
  const [client, server] = [new SimProactor(near), new SimProactor(away)];
  const any = { family: 'ipv4', address: '10.0.0.9', port: 53 } as const;
  const drive = <Value>(promise: Promise<Value>) => sim.drive(promise);
  await sim.drive(
    (async () => {
      const scene = await tcpScene({ name: 'sim', port: server, any, drive }, obliging);
      const random = sim.random;
      const connection = new TcpConnection({ port: client, server: any, random });
      const ask = (name: string, timeoutMs: number) => {
        const asker = new TestAsker(name, client.loop.nowMs() + timeoutMs);
        if (!connection.ask(asker)) throw new Error('refused by a bound');
        return asker;
      };
      await body({
        port: client,
        connection,
        ask,
        part: () => sim.partition(near, away),
        heal: () => sim.heal(near, away),
      });
      await new Promise<void>((resolve) => connection.close(resolve));
      nothingLeft(t, client, 'the client');
      await scene.close();
    })(),
  );
  await sim.drive(Promise.all([closed(client), closed(server)]));
}

type Far = {
  readonly port: ProactorPort;
  readonly connection: TcpConnection;
  ask(name: string, timeoutMs: number): TestAsker;
  part(): void;
  heal(): void;
};

test('case 40: a server that is cut off and comes back is used again within 10 s', async (t) => {
  await cut(t, async ({ ask, part, heal, connection, port }) => {
    t.is(await endOf(ask('a.test', 1_000)), 'answer');
    part();
    for (let second = 0; second < 60; second += 1) {
      t.regex(await endOf(ask('b.test', 1_000)), /timeout/);
      t.true(connection.links <= TCP_LINKS_MAX);
    }
    heal();
    const beganMs = port.loop.nowMs();
    while ((await endOf(ask('c.test', 1_000))) !== 'answer');
    t.true(port.loop.nowMs() - beganMs <= 10_000, `${port.loop.nowMs() - beganMs} ms`);
  });
});

test('a connect to nowhere ends with the deadline of each query, and with its own', async (t) => {
  await cut(t, async ({ ask, part, connection, port }) => {
    part();
    const beganMs = port.loop.nowMs();
    const patient = ask('a.test', 60_000);
    t.is(await endOf(ask('b.test', 300)), 'timeout');
    t.is(port.loop.nowMs() - beganMs, 300);
    t.is(await endOf(patient), 'timeout');
    t.is(port.loop.nowMs() - beganMs, TCP_CONNECT_MS_MAX);
    t.is(connection.links, 0);
    t.is(await endOf(ask('c.test', 100)), 'timeout');
    await sleep(port, 1);
    t.is(connection.links, 0, 'nobody waits for the connect any more');
  });
});

/** Answers in pieces and in any order, sometimes never, sometimes ending the connection. */
function erratic(sim: SimWorld): Serve {
  return async (stream) => {
    let held: Buffer[] = [];
    for await (const query of queriesOf(stream)) {
      held.push(query);
      const dice = sim.random.nextUint32() % 16;
      if (dice < 4) continue;
      if (dice === 4) return stream.close({ how: 'reset' });
      if (dice === 5) return stream.close();
      const bytes = framed(...held.reverse().map((each) => answerTo(each)));
      held = [];
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + (sim.random.nextUint32() % 40);
        await stream.send(bytes.subarray(at, end));
        await stream.flush();
        if (dice === 6) await sleep(stream.port, 1);
        at = end;
      }
    }
  };
}

test(`whatever the server and the network do, every query ends once (${SEEDS} seeds)`, async (t) => {
  let [answers, queries] = [0, 0];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { sim, world } = worldOf({ seed, latencyMinMs: 0, latencyMaxMs: 20, loss: 0.02 });
    if (seed % 2 === 0) Object.assign(sim.conditions, { resets: 0.01 });
    const ends: string[] = [];
    const askers: TestAsker[] = [];
    await sim.drive(
      (async () => {
        const scene = await tcpScene(world, erratic(sim));
        for (let query = 0; query < 30; query += 1) {
          const asker = scene.ask(`${query}.test`, 200 + (sim.random.nextUint32() % 3_000));
          askers.push(asker);
          if (sim.random.nextUint32() % 4 === 0) await sleep(world.port, 100);
          if (asker.ends === 0 && sim.random.nextUint32() % 8 === 0) {
            scene.connection.leave(asker);
            asker.tcpFailed({ code: 'cancelled', fault: undefined, reused: false });
          }
        }
        ends.push(...(await Promise.all(askers.map(endOf))));
        t.is(scene.connection.waiting, 0, `seed ${seed}`);
        await scene.close();
      })(),
    );
    t.true(
      askers.every((asker) => asker.ends === 1),
      `seed ${seed}`,
    );
    answers += ends.filter((end) => end === 'answer').length;
    queries += ends.length;
    nothingLeft(t, world.port, `seed ${seed}`);
    await sim.drive(closed(world.port));
  }
  t.true(answers > queries / 2, `${answers} of ${queries}`);
});

test('when any one operation fails, every query ends once, and nothing is left', async (t) => {
  let fired = true;
  for (let n = 1; fired; n += 1) {
    t.true(n < FAULTS_MAX, 'the scenario ends');
    const { sim, world } = worldOf({ seed: n });
    const scene = await sim.drive(tcpScene(world, obliging));
    const code = n % 2 === 0 ? 'reset' : 'fileDescriptors';
    const plan = sim.failNth('any', n, ownFault(code, 'plan'));
    const askers = [scene.ask('a.test'), scene.ask('b.test')];
    const ends = await sim.drive(Promise.all(askers.map(endOf)));
    t.deepEqual(
      askers.map((asker) => asker.ends),
      [1, 1],
      `fault ${n}: ${ends}`,
    );
    fired = plan.fired;
    await sim.drive(scene.close().catch(() => {}));
    t.is(scene.connection.links, 0, `fault ${n}`);
    await sim.drive(closed(world.port));
    nothingLeft(t, world.port, `fault ${n}`);
  }
});
