import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test from 'ava';
import { epollPort, epollReactor } from '../../../adapters/epoll/index.ts';
import { ioUringPort } from '../../../adapters/io-uring/index.ts';
import { proactorFrom } from '../../../src/core/bridge/proactor-from-reactor.ts';
import { reactorFrom } from '../../../src/core/bridge/reactor-from-proactor.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { SocketId } from '../../../src/core/operation.ts';
import {
  acceptOperation,
  adoptOperation,
  listenOperation,
  recvOperation,
  udpOpenOperation,
  udpRecvOperation,
  udpSendOperation,
} from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { whyNoEpoll, whyNoIoUring } from '../../support/real-ports.ts';
import { accept, adopt, closed, detach, done, hear, say } from './descriptor-kit.ts';

const ROUNDS = 200;
const LOCAL: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 };
const nothing = (): void => {};

async function client({ port }: Endpoint): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', nothing);
  await once(socket, 'connect');
  return socket;
}

async function turnsOf(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await new Promise(setImmediate);
}

/** Declares a test for each port that can be had here. */
function onEach(
  title: string,
  run: (port: ProactorPort, create: () => ProactorPort) => Promise<string | undefined>,
): void {
  for (const [name, create, reason] of [
    ['epoll', epollPort, whyNoEpoll],
    ['io-uring', ioUringPort, whyNoIoUring],
  ] as const) {
    const declare = reason === undefined ? test.serial : test.serial.skip;
    declare(`${name}: ${title}${reason === undefined ? '' : ` (${reason})`}`, async (t) => {
      const port = create();
      const wrong = await run(port, create);
      await closed(port);
      t.is(port.openSockets, 0);
      t.is(wrong, undefined);
    });
  }
}

onEach('a detach that races with bytes loses none and repeats none', async (port) => {
  const listen = await done(port, listenOperation(LOCAL, nothing));
  const peer = await client(listen.bound as Endpoint);
  let stream = await accept(port, listen.socket);
  let heard = '';
  let said = '';
  for (let round = 0; round < ROUNDS; round += 1) {
    const recv = recvOperation(stream, ({ data, offset, bytes }) => {
      heard += Buffer.from(data.subarray(offset, offset + bytes)).toString('latin1');
    });
    port.submit(recv);
    await turnsOf(round % 3);
    const word = `${round},`;
    said += word;
    peer.write(word);
    await turnsOf(round % 4);
    const descriptor = await detach(port, stream);
    if (recv.status === 'pending') return 'a receive is pending after the detach';
    stream = await adopt(port, descriptor, 'stream');
  }
  if (heard.length < said.length) heard += await hear(port, stream, said.length - heard.length);
  peer.destroy();
  return heard === said ? undefined : `${heard.length} of ${said.length}`;
});

onEach('a detach that races with connections loses none', async (port) => {
  const listen = await done(port, listenOperation(LOCAL, nothing));
  let listener = listen.socket;
  const peers: Socket[] = [];
  let accepted = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const accepts = [1, 2].map(() =>
      acceptOperation(listener, ({ status }) => {
        if (status === 'done') accepted += 1;
      }),
    );
    for (const one of accepts) port.submit(one);
    await turnsOf(round % 3);
    const connecting = client(listen.bound as Endpoint);
    await turnsOf(round % 4);
    const descriptor = await detach(port, listener);
    if (accepts.some(({ status }) => status === 'pending')) return 'an accept is pending';
    listener = await adopt(port, descriptor, 'listener');
    peers.push(await connecting);
  }
  for (; accepted < ROUNDS; accepted += 1) await accept(port, listener);
  for (const peer of peers) peer.destroy();
  return undefined;
});

onEach('an accept that is cancelled for a detach takes no connection along', async (port) => {
  const listen = await done(port, listenOperation(LOCAL, nothing));
  let listener = listen.socket;
  const peers: Socket[] = [];
  let accepted = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const one = acceptOperation(listener, ({ status }) => {
      if (status === 'done') accepted += 1;
    });
    port.submit(one);
    const connecting = client(listen.bound as Endpoint);
    await turnsOf(round % 5);
    port.cancel(one);
    if (round % 2 === 0) await turnsOf(1);
    let descriptor: number | undefined;
    while (descriptor === undefined) {
      descriptor = await detach(port, listener).catch(() => undefined);
      if (descriptor !== undefined) break;
      await accept(port, listener); // What the port holds.
      accepted += 1;
    }
    listener = await adopt(port, descriptor, 'listener');
    peers.push(await connecting);
  }
  for (; accepted < ROUNDS; accepted += 1) await accept(port, listener);
  for (const peer of peers) peer.destroy();
  return undefined;
});

onEach('behind both bridges a port adopts what another port gave away', async (port, create) => {
  const bridged = proactorFrom(reactorFrom(create()));
  const listen = await done(port, listenOperation(LOCAL, nothing));
  const peer = await client(listen.bound as Endpoint);
  const stream = await adopt(
    bridged,
    await detach(port, await accept(port, listen.socket)),
    'stream',
  );
  await say(bridged, stream, 'from the bridge');
  if (String((await once(peer, 'data'))[0]) !== 'from the bridge') return 'another text';
  const listener = await adopt(bridged, await detach(port, listen.socket), 'listener');
  const second = await client(listen.bound as Endpoint);
  await accept(bridged, listener);
  const receiver = await done(port, udpOpenOperation(LOCAL, nothing));
  const to = receiver.bound as Endpoint;
  const datagrams = await adopt(bridged, await detach(port, receiver.socket), 'datagrams');
  const { socket: sender } = await done(port, udpOpenOperation(LOCAL, nothing));
  const send = udpSendOperation(sender, nothing);
  await done(port, Object.assign(send, { data: Buffer.from('three'), to }));
  const { size } = await done(bridged, udpRecvOperation(datagrams, nothing));
  peer.destroy();
  second.destroy();
  await closed(bridged);
  return size === 5 ? undefined : `a datagram of ${size} bytes`;
});

onEach('an adopt that is abandoned leaves the descriptor to its owner', async (port, create) => {
  const listen = await done(port, listenOperation(LOCAL, nothing));
  const peer = await client(listen.bound as Endpoint);
  const descriptor = await detach(port, await accept(port, listen.socket));
  const inner = create();
  const reactor = reactorFrom(inner);
  const operation = adoptOperation(descriptor, 'stream', nothing);
  const attempt = reactor.attempt(operation);
  if (attempt === 'completed') return 'it is done already';
  reactor.abandon(operation);
  while (inner.openSockets > 0) await turnsOf(1);
  const stream: SocketId = await adopt(port, descriptor, 'stream');
  await say(port, stream, 'still here');
  const heard = String((await once(peer, 'data'))[0]);
  peer.destroy();
  await closed(reactor);
  return heard === 'still here' ? undefined : heard;
});

const declare = whyNoEpoll === undefined ? test.serial : test.serial.skip;
declare('epoll: an attempt to detach or to adopt completes at once', async (t) => {
  const reactor = epollReactor();
  const port = proactorFrom(reactor);
  const { socket } = await done(port, udpOpenOperation(LOCAL, nothing));
  const descriptor = await detach(port, socket);
  const operation = adoptOperation(descriptor, 'datagrams', nothing);
  t.is(reactor.attempt(operation), 'completed');
  t.is(operation.status, 'done');
  t.is(reactor.openSockets, 1);
  await closed(reactor);
});
