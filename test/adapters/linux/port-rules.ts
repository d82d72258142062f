import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { SimRandom } from '../../../adapters/sim/sim-random.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Operation, SocketId } from '../../../src/core/operation.ts';
import { recvOperation, sendOperation } from '../../../src/core/operations.ts';
import type { Kit } from '../../conformance/kit.ts';
import type { Rules } from '../../conformance/run.ts';
import { ANY } from './port-talk.ts';

/** Work that each message makes: two of them take as long as a visit may. */
const WORK_MS = 0.5;
const VISITS = 50;
/** Three turns begin within a visit's millisecond and one ends it; the next visit makes one, too. */
const TURNS_MAX = 8;

/** Answers each message after some work, for as long as `isOver` does not say so. */
function answer(kit: Kit, socket: SocketId, isOver: () => boolean): void {
  const send = sendOperation(socket, () => kit.submit(recv));
  Object.assign(send, { pieces: ['x'], count: 1 });
  const recv = recvOperation(socket, () => {
    const endMs = performance.now() + WORK_MS;
    while (performance.now() < endMs);
    if (recv.status === 'done' && !isOver()) kit.submit(send);
  });
  kit.submit(recv);
}

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

/** What a loop inside Node's promises to it. */
export const portRules: Rules = {
  'a visit to the loop ends soon, however much there is to do, and Node goes on': async (kit) => {
    const { client, server } = await kit.pair();
    let over = false;
    for (const socket of [client, server]) answer(kit, socket, () => over);
    kit.send(client, ['x']);
    const turns: number[] = [];
    for (let visits = 0; visits < VISITS; visits += 1) {
      const before = kit.port.loop.turn;
      await setImmediate();
      turns.push(kit.port.loop.turn - before);
    }
    over = true;
    await kit.settle();
    assert.ok(Math.max(...turns) > 1, 'more than a turn a visit');
    assert.ok(Math.max(...turns) <= TURNS_MAX, `${turns} turns`);
  },

  'whatever is cancelled or closed at random points ends once and leaks nothing': async (kit) => {
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

  'an idle port with 200 connections that wait runs no code': async (kit) => {
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
  },

  'timers and immediates of Node’s run while the port is busy': async (kit) => {
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
  },
};
