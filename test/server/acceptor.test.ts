import type { ListenOperation, SocketId } from '../../src/core/operation.ts';
import { closeOperation, listenOperation } from '../../src/core/operations.ts';
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
