import test from 'ava';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { End, endOf, Lab } from './sim-kit.ts';

// What each state does when its segment is lost: one test per row.

test('a lost SYN is repeated after a second', (t) => {
  const lab = new Lab();
  const listen = lab.listen();
  lab.settle();
  const lost = lab.world.lose('SYN');
  const connect = lab.connect(listen.bound as Endpoint);
  lab.world.runUntil(() => connect.status !== 'pending', 5_000);
  t.true(lost.fired);
  t.is(connect.status, 'done');
  t.is(lab.world.nowMs(), 1_000);
});

test('a lost SYN-ACK is repeated, and the connection is accepted once', (t) => {
  const lab = new Lab();
  const lost = lab.world.lose('SYN-ACK');
  const { listen } = lab.pair();
  t.true(lost.fired);
  const second = lab.accept(listen.socket);
  lab.world.run();
  t.is(second.status, 'pending');
});

test('when the last ACK of the handshake is lost, the first data stands in for it', (t) => {
  const lab = new Lab();
  const listen = lab.listen();
  lab.settle();
  const accept = lab.accept(listen.socket);
  lab.world.lose('ACK');
  const connect = lab.connect(listen.bound as Endpoint);
  lab.settle();
  t.is(connect.status, 'done');
  t.is(accept.status, 'pending');
  const send = new End(lab.client, connect.socket).send('hello');
  lab.settle();
  t.is(accept.status, 'done');
  t.is(send.status, 'done');
});

test('lost data is repeated and comes once', (t) => {
  const { lab, client, server } = new Lab().pair();
  const lost = lab.world.lose('data');
  const send = client.send('hello');
  const heard = server.recv();
  lab.world.runUntil(() => heard.operation.status !== 'pending', 5_000);
  t.true(lost.fired);
  t.is(send.status, 'done');
  t.is(heard.text, 'hello');
  t.is(lab.world.nowMs(), 200, 'the shortest retransmission time');
});

test('when the ACK of data is lost, the repeated data is not delivered again', (t) => {
  const { lab, client, server } = new Lab().pair();
  lab.world.lose('ACK');
  client.send('once');
  const first = server.recv();
  lab.settle();
  t.is(first.text, 'once');
  const second = server.recv();
  lab.world.run();
  t.is(second.operation.status, 'pending');
  t.is(client.block.una, client.block.nxt, 'the repeated data was acknowledged');
});

test('three repeated ACKs repeat a lost segment before its time', (t) => {
  const { lab, client, server } = new Lab({ latencyMinMs: 10, latencyMaxMs: 10 }).pair();
  lab.world.lose('data');
  client.send(Buffer.alloc(8 * 1460, 'x'));
  const startMs = lab.world.nowMs();
  lab.world.runUntil(() => server.block.receiveRing.size === 8 * 1460, 5_000);
  t.is(lab.world.nowMs() - startMs, 30, 'there, the repeated ACKs back, and there again');
});

test('a lost FIN is repeated', (t) => {
  const { lab, client, server } = new Lab().pair();
  const lost = lab.world.lose('FIN');
  client.shutdown();
  const heard = server.recv();
  lab.settle();
  t.is(client.state, 'finWait1');
  t.is(heard.operation.status, 'pending');
  lab.world.run();
  t.true(lost.fired);
  t.is(endOf(heard.operation), 'eof');
  t.is(client.state, 'finWait2');
  t.is(server.state, 'closeWait');
});

test('when the ACK of a FIN is lost, the FIN is repeated and answered', (t) => {
  const { lab, client, server } = new Lab().pair();
  lab.world.lose('ACK');
  client.shutdown();
  lab.settle();
  t.is(client.state, 'finWait1');
  t.is(server.state, 'closeWait');
  lab.world.run();
  t.is(client.state, 'finWait2');
});

test('when the last ACK is lost, TIME-WAIT answers the repeated FIN', (t) => {
  const { lab, client, server } = new Lab().pair();
  client.shutdown();
  lab.settle();
  lab.world.lose('ACK');
  server.shutdown();
  const { block } = server;
  lab.settle();
  t.is(client.state, 'timeWait');
  t.is(block.state, 'lastAck');
  lab.world.run();
  t.is(block.state, 'closed');
  t.is(block.fault, undefined);
});

test('a lost window update is found out by a probe', (t) => {
  const { lab, client, server } = new Lab({ latencyMinMs: 1, latencyMaxMs: 1 }).pair();
  const big = Buffer.alloc(100_000, 'x');
  client.send(big);
  lab.world.advance(1_000);
  t.is(server.block.receiveRing.free, 0);
  lab.world.lose('ACK');
  const first = server.recv();
  lab.world.advance(0);
  t.is(first.operation.bytes, 65_536);
  const second = server.recv();
  lab.world.run();
  t.is(first.operation.bytes + second.operation.bytes, big.length);
});

test('a black hole ends a connect after seven SYNs', (t) => {
  const lab = new Lab();
  const listen = lab.listen();
  lab.settle();
  lab.world.partition(lab.clientHost, lab.serverHost);
  const connect = lab.connect(listen.bound as Endpoint);
  lab.world.run();
  t.is(endOf(connect), 'failed kernelTimeout');
  t.is(lab.world.nowMs(), 127_000, '1 + 2 + 4 + 8 + 16 + 32 + 64 s, as on Linux');
  const syns = lab.world.trace.lines().filter((line) => line.includes(' SYN '));
  t.is(syns.length, 7);
  t.is(lab.client.openSockets, 0);
});

test('a black hole ends an established connection that has something to send', (t) => {
  const { lab, client, server } = new Lab().pair();
  lab.world.partition(lab.clientHost, lab.serverHost);
  client.send('into the void');
  const heard = client.recv();
  const silent = server.recv();
  lab.world.run();
  t.is(endOf(heard.operation), 'failed kernelTimeout');
  const more = client.send('more');
  lab.world.run();
  t.is(endOf(more), 'failed kernelTimeout');
  t.is(silent.operation.status, 'pending', 'who only listens cannot know');
});
