import test from 'ava';
import type { AcceptOperation, ListenOperation, SocketId } from '../../src/core/operation.ts';
import { closeOperation, listenOperation } from '../../src/core/operations.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { connect } from '../../src/net/index.ts';
import { Acceptor } from '../../src/server/engine/acceptor.ts';
import { rule, type World } from '../net/worlds.ts';

async function listening({ port, any }: World): Promise<ListenOperation> {
  return new Promise((resolve) => port.submit(listenOperation(any, resolve)));
}

function closed({ port }: World, socket: SocketId): Promise<void> {
  return new Promise((resolve) => port.submit(closeOperation(socket, () => resolve())));
}

rule('who comes while it pauses is accepted when it goes on', async (t, world) => {
  const listener = await listening(world);
  const accepted: SocketId[] = [];
  let told = (): void => {};
  const acceptor: Acceptor = new Acceptor(world.port, listener.socket, (socket) => {
    accepted.push(socket);
    acceptor.pause();
    told();
  });
  const endpoint = listener.bound as NonNullable<typeof listener.bound>;
  const first = new Promise<void>((resolve) => {
    told = resolve;
  });
  const one = await connect(world.port, endpoint);
  await first;
  t.is(accepted.length, 1);
  const second = new Promise<void>((resolve) => {
    told = resolve;
  });
  const two = await connect(world.port, endpoint);
  t.is(accepted.length, 1);
  acceptor.resume();
  await second;
  t.is(accepted.length, 2);
  acceptor.stop();
  await Promise.all([one.close(), two.close()]);
  for (const socket of accepted) await closed(world, socket);
  await closed(world, listener.socket);
});

/** A port whose accepts are completed by hand; none of them is ended by a cancel. */
function handPort(): { port: ProactorPort; arrive: () => void } {
  const posted: AcceptOperation[] = [];
  let count = 0;
  const port = {
    submit(operation: AcceptOperation) {
      operation.status = 'pending';
      posted.push(operation);
    },
    cancel() {},
  };
  const arrive = (): void => {
    const accept = posted.shift() as AcceptOperation;
    count += 1;
    accept.accepted = count as SocketId;
    accept.status = 'done';
    accept.onComplete(accept);
  };
  return { port: port as unknown as ProactorPort, arrive };
}

test('who is let in while it pauses is opened one by one as there is room', (t) => {
  const { port, arrive } = handPort();
  const opened: number[] = [];
  const acceptor: Acceptor = new Acceptor(port, 1 as SocketId, (socket) => {
    opened.push(socket);
    acceptor.pause();
  });
  // As many as there are accepts: not one is posted again meanwhile.
  for (let i = 0; i < 64; i += 1) arrive();
  t.throws(arrive);
  t.deepEqual(opened, [1]);
  acceptor.resume();
  t.deepEqual(opened, [1, 2]);
});

test('who is in when it stops is served, room or not', (t) => {
  const { port, arrive } = handPort();
  const opened: number[] = [];
  const acceptor: Acceptor = new Acceptor(port, 1 as SocketId, (socket) => opened.push(socket));
  acceptor.pause();
  arrive();
  t.deepEqual(opened, []);
  acceptor.stop();
  arrive();
  t.deepEqual(opened, [1, 2]);
});
