import { SimProactor, SimReactor, SimWorld } from '../adapters/sim/index.ts';
import { BufferPool } from '../src/core/buffer-pool.ts';
import type { SocketId, SocketOperation } from '../src/core/operation.ts';
import {
  acceptOperation,
  connectOperation,
  listenOperation,
  recvOperation,
  sendOperation,
  timerOperation,
} from '../src/core/operations.ts';
import { Outbox } from '../src/core/outbox/outbox.ts';
import type { Scenarios } from './scenarios.ts';

/** What one operation costs, and what it allocates, with no system call in it. */
const world = new SimWorld({ seed: 1 });
const proactor = new SimProactor(world.local);
const reactor = new SimReactor(world.local);
const LOCAL = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
const message = new Uint8Array(100);

const [client, server] = connectedPair((operation) => proactor.submit(operation));
const [attempting, attempted] = connectedPair((operation) => {
  while (reactor.attempt(operation) !== 'completed') world.advance(1);
  operation.onComplete(operation);
});

/** Operations of one round: enough that starting the world does not count. */
export const OPERATIONS = 1000;
let left = 0;

const send = sendOperation(client, () => {});
const recv = recvOperation(server, () => {
  left -= 1;
  if (left > 0) sendAndReceive();
});

function sendAndReceive(): void {
  send.pieces[0] = message;
  send.count = 1;
  proactor.submit(recv);
  proactor.submit(send);
}

export function sendsAndReceives(): number {
  left = OPERATIONS;
  sendAndReceive();
  world.run();
  return recv.bytes;
}

const attemptedSend = sendOperation(attempting, () => {});
const attemptedRecv = recvOperation(attempted, () => {});

/** The network moves nothing by itself between the attempts: there is one run for each pair. */
function attemptBoth(): number {
  attemptedSend.pieces[0] = message;
  attemptedSend.count = 1;
  reactor.attempt(attemptedSend);
  world.run();
  reactor.attempt(attemptedRecv);
  return attemptedRecv.bytes;
}

const timer = timerOperation(() => {
  left -= 1;
  if (left > 0) submitTimer();
});

function submitTimer(): void {
  timer.atMs += 1;
  proactor.submit(timer);
}

function timers(): string {
  left = OPERATIONS;
  submitTimer();
  world.run();
  return timer.status;
}

const outbox = new Outbox(
  proactor,
  new BufferPool(),
  { outboxLevel() {}, outboxDrained() {}, outboxBroken() {} },
  client,
);

function gatherSixteen(): number {
  left = 0;
  for (let i = 0; i < 16; i += 1) outbox.append(message);
  proactor.submit(recv);
  world.run();
  return recv.bytes;
}

export const simOperations: Scenarios = {
  [`sim: ${OPERATIONS} sends and receives, submit to completion`]: sendsAndReceives,
  'sim: attempt of a send and a receive': attemptBoth,
  [`sim: ${OPERATIONS} timers`]: timers,
  'sim: an outbox gathers 16 buffers into one send': gatherSixteen,
};

function connectedPair(start: (operation: SocketOperation) => void): [SocketId, SocketId] {
  const listen = listenOperation(LOCAL, () => {});
  start(listen);
  world.advance(1);
  const connect = connectOperation(listen.bound ?? LOCAL, () => {});
  start(connect);
  const accept = acceptOperation(listen.socket, () => {});
  start(accept);
  world.advance(1);
  return [connect.socket, accept.accepted];
}
