import test from 'ava';
import { SimRandom, SimWorld } from '../../../adapters/sim/index.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { SocketId } from '../../../src/core/operation.ts';
import * as make from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { STACKS } from '../../conformance/sim-stacks.ts';

const SEEDS = 1000;
const MESSAGES = 12;
const SERVER: Endpoint = { family: 'ipv4', address: '10.0.0.2', port: 7 };

const ignore = (): void => {};

/** A connection between two hosts of a rough world. */
function connected(
  world: SimWorld,
  create: (typeof STACKS)[string],
): { near: ProactorPort; far: ProactorPort; client: SocketId; server: SocketId } {
  const near = create(world.host('client', '10.0.0.1'));
  const far = create(world.host('server', SERVER.address));
  const listen = make.listenOperation(SERVER, ignore);
  far.submit(listen);
  const accept = make.acceptOperation(listen.socket, ignore);
  world.runUntil(() => listen.status === 'done', 1000);
  accept.socket = listen.socket;
  far.submit(accept);
  const connect = make.connectOperation(SERVER, ignore);
  near.submit(connect);
  world.runUntil(() => accept.status === 'done' && connect.status === 'done', 600_000);
  return { near, far, client: connect.socket, server: accept.accepted };
}

/** Receives are cancelled, expired or left alone at random moments while messages come. */
function race(seed: number, create: (typeof STACKS)[string]): void {
  const random = new SimRandom(`race ${seed}`);
  const below = (bound: number): number => random.nextUint32() % bound;
  const rough = { latencyMinMs: 0, latencyMaxMs: 3, loss: 0.03, reorder: 0.05 };
  const world = new SimWorld({ seed, ...rough });
  const { near, far, client, server } = connected(world, create);
  let sent = '';
  let heard = '';
  const recv = make.recvOperation(server, ({ data, offset, bytes, into }) => {
    const shown = into?.[0] ?? data.subarray(offset);
    heard += Buffer.from(shown.subarray(0, bytes)).toString('latin1');
  });
  for (let i = 0; i < MESSAGES; i += 1) {
    const text = `<${seed}/${i}>`.repeat(1 + below(40));
    const send = make.sendOperation(client, ignore);
    send.pieces = [text];
    send.count = 1;
    sent += text;
    recv.bytes = 0;
    recv.into = below(2) === 0 ? undefined : [new Uint8Array(1 + below(300))];
    recv.minBytes = recv.into === undefined ? 1 : 1 + below(recv.into[0]?.length ?? 1);
    recv.deadlineMs = below(3) === 0 ? world.nowMs() + below(5) : 0;
    far.submit(recv);
    near.submit(send);
    world.advance(below(40) / 10);
    far.cancel(recv);
    world.runUntil(() => recv.status !== 'pending', 1000);
  }
  recv.into = undefined;
  recv.minBytes = 1;
  recv.deadlineMs = 0;
  while (heard.length < sent.length) {
    far.submit(recv);
    if (!world.runUntil(() => recv.status !== 'pending', 600_000)) break;
    if (recv.status !== 'done') break;
  }
  if (heard !== sent) {
    throw new Error(`seed ${seed} on ${far.name}: ${heard.length} of ${sent.length} bytes`);
  }
  near.close();
  far.close();
  world.run();
  if (near.openSockets + far.openSockets > 0)
    throw new Error(`seed ${seed}: sockets are left open`);
}

for (const [stack, create] of Object.entries(STACKS)) {
  test(`${stack}: cancel and expiry racing with bytes lose none, for ${SEEDS} seeds`, (t) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) t.notThrows(() => race(seed, create));
  });
}
