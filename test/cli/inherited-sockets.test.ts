import { closeSync } from 'node:fs';
import test from 'ava';
import { epollPort } from '../../adapters/epoll/index.ts';
import { INHERITED_MAX, inheritanceOf, inheritSockets } from '../../src/cli/inherited-sockets.ts';
import type { ListenOperation, UdpOpenOperation } from '../../src/core/operation.ts';
import { closeOperation, listenOperation, udpOpenOperation } from '../../src/core/operations.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { whyNoEpoll } from '../support/real-ports.ts';

const epollTest = whyNoEpoll === undefined ? test : test.skip;
const PID = 100;
const LOCAL = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;

test('NGINX lists descriptors of an older program', (t) => {
  const { descriptors, from, text } = inheritanceOf({ NGINX: '3;4;7;' }, PID);
  t.deepEqual(descriptors, [3, 4, 7]);
  t.is(from, 'program');
  t.is(text, '3;4;7;');
});

test('LISTEN_FDS counts descriptors for the process that LISTEN_PID names', (t) => {
  const { descriptors, from } = inheritanceOf({ LISTEN_FDS: '2', LISTEN_PID: '100' }, PID);
  t.deepEqual(descriptors, [3, 4]);
  t.is(from, 'manager');
  t.deepEqual(inheritanceOf({ LISTEN_FDS: '2', LISTEN_PID: '99' }, PID).descriptors, []);
  t.deepEqual(inheritanceOf({ LISTEN_FDS: '2' }, PID).descriptors, []);
});

test('what is no number of a descriptor is passed over', (t) => {
  t.deepEqual(inheritanceOf({ NGINX: 'x;-1;5;99999999;' }, PID).descriptors, [5]);
  t.deepEqual(inheritanceOf({ LISTEN_FDS: 'x', LISTEN_PID: '100' }, PID).descriptors, []);
  t.deepEqual(inheritanceOf({}, PID).descriptors, []);
});

test('no more descriptors are taken than the bound says', (t) => {
  const list = (count: number): string => '3;'.repeat(count);
  const count = (text: string): number => inheritanceOf({ NGINX: text }, PID).descriptors.length;
  t.is(count(list(INHERITED_MAX)), INHERITED_MAX);
  t.is(count(list(INHERITED_MAX + 1)), INHERITED_MAX);
  const fds = inheritanceOf({ LISTEN_FDS: String(INHERITED_MAX + 1), LISTEN_PID: '100' }, PID);
  t.is(fds.descriptors.length, INHERITED_MAX);
});

epollTest('descriptors are known by the addresses that they listen on', async (t) => {
  const port = epollPort();
  t.teardown(() => port.close());
  const stream = await listenOn(port);
  const datagrams = await bindOn(port);
  const inheritance = { descriptors: [stream.descriptor, datagrams.descriptor, 9_999] };
  const inherited = await inheritSockets(port, { ...inheritance, from: 'manager', text: '' });
  t.deepEqual(
    inherited.rest.map(({ key, udp, lent }) => ({ key, udp, lent })),
    [
      { key: `tcp ipv4 127.0.0.1 ${stream.port}`, udp: false, lent: true },
      { key: `udp ipv4 127.0.0.1 ${datagrams.port}`, udp: true, lent: true },
    ],
  );
  const key = `tcp ipv4 127.0.0.1 ${stream.port}`;
  t.is(inherited.take(key)?.descriptor, stream.descriptor);
  t.is(inherited.take(key), undefined);
  closeSync(stream.descriptor);
  closeSync(datagrams.descriptor);
});

type Bare = { readonly descriptor: number; readonly port: number };

function listenOn(port: ProactorPort): Promise<Bare> {
  return new Promise((resolve) => {
    const opened = (listen: ListenOperation): void => detach(port, listen, resolve);
    port.submit(listenOperation(LOCAL, opened));
  });
}

function bindOn(port: ProactorPort): Promise<Bare> {
  return new Promise((resolve) => {
    const opened = (open: UdpOpenOperation): void => detach(port, open, resolve);
    port.submit(udpOpenOperation(LOCAL, opened));
  });
}

function detach(
  port: ProactorPort,
  { socket, bound }: ListenOperation | UdpOpenOperation,
  done: (bare: Bare) => void,
): void {
  const close = closeOperation(socket, ({ descriptor }) => {
    done({ descriptor, port: bound?.port ?? 0 });
  });
  close.how = 'detach';
  port.submit(close);
}
