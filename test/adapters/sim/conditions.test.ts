import test from 'ava';
import { slowReader } from '../../../adapters/sim/index.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { ownFault } from '../../../src/core/fault.ts';
import { closeOperation } from '../../../src/core/operations.ts';
import { type End, endOf, Lab, started } from './sim-kit.ts';

/** All that comes in `ms`, by receives that are submitted again and again. */
function hearFor(lab: Lab, end: End, ms: number): string {
  const endMs = lab.world.nowMs() + ms;
  let text = '';
  for (;;) {
    const heard = end.recv();
    lab.world.runUntil(() => heard.operation.status !== 'pending', endMs - lab.world.nowMs());
    text += heard.text;
    if (heard.operation.status === 'done') continue;
    end.port.cancel(heard.operation);
    lab.settle();
    return text;
  }
}

test('latency is one way, per packet', (t) => {
  const lab = new Lab({ latencyMinMs: 20, latencyMaxMs: 20 });
  const listen = lab.listen();
  lab.settle();
  const connect = lab.connect(listen.bound as Endpoint);
  lab.world.runUntil(() => connect.status === 'done', 1_000);
  t.is(lab.world.nowMs(), 40);
});

test('what the network loses, repeats and reorders, TCP repairs', (t) => {
  const chaos = { loss: 0.2, duplication: 0.2, reorder: 0.3, latencyMaxMs: 10 };
  const { lab, client, server } = new Lab({ seed: 7, ...chaos }).pair();
  const text = Array.from({ length: 5_000 }, (_, i) => `line ${i}\n`).join('');
  client.send(text);
  t.is(hearFor(lab, server, 600_000), text);
  const lost = lab.world.trace.lines().filter((line) => line.includes(' lost '));
  t.true(lost.length > 0);
});

test('conditions may change while the world runs', (t) => {
  const { lab, client, server } = new Lab().pair();
  lab.world.conditions.loss = 1;
  client.send('hello');
  lab.world.advance(100);
  t.is(server.block.receiveRing.size, 0);
  lab.world.conditions.loss = 0;
  t.is(hearFor(lab, server, 1_000), 'hello');
});

test('a partition stops what is on its way, and heals', (t) => {
  const { lab, client, server } = new Lab({ latencyMinMs: 5, latencyMaxMs: 5 }).pair();
  client.send('hello');
  lab.world.advance(4);
  lab.world.partition(lab.serverHost, lab.clientHost);
  t.is(hearFor(lab, server, 1_000), '');
  lab.world.heal(lab.serverHost, lab.clientHost);
  t.is(hearFor(lab, server, 2_000), 'hello');
});

test('a partition is between two hosts: others and the host itself go on', (t) => {
  const lab = new Lab();
  lab.world.partition(lab.serverHost, lab.clientHost);
  const listen = lab.listen({ endpoint: { family: 'ipv4', address: '127.0.0.1', port: 0 } });
  lab.settle();
  const accept = lab.accept(listen.socket);
  lab.connect(listen.bound as Endpoint);
  lab.settle();
  t.is(accept.status, 'pending', '127.0.0.1 is each host’s own');
  const third = lab.world.host('third', '192.0.2.3');
  t.false(lab.serverHost.linkTo(third).cut);
});

test('an injected reset breaks both ends', (t) => {
  const { lab, client, server } = new Lab().pair();
  const both = [client.recv(), server.recv()];
  client.reset();
  lab.settle();
  t.deepEqual(
    both.map(({ operation }) => endOf(operation)),
    ['failed reset', 'failed reset'],
  );
});

test('resets by chance break connections that send', (t) => {
  const { lab, client, server } = new Lab({ seed: 3 }).pair();
  lab.world.conditions.resets = 1;
  client.send('hello');
  lab.settle();
  lab.world.conditions.resets = 0; // The sender learns it when it repeats the data.
  const both = [client.recv(), server.recv()];
  lab.world.run();
  t.deepEqual(
    both.map(({ operation }) => endOf(operation)),
    ['failed reset', 'failed reset'],
  );
});

test('a small window holds the sender back', (t) => {
  const { lab, client, server } = new Lab().pair();
  slowReader(lab.server, server.socket, { windowBytes: 1_000 });
  client.send(Buffer.alloc(50_000));
  lab.settle();
  t.is(server.block.receiveRing.size, 1_000);
  t.is(client.block.sendRing.size, 49_000);
});

test('a slow reader finds only so many bytes per second', (t) => {
  const { lab, client, server } = new Lab().pair();
  slowReader(lab.server, server.socket, { bytesPerSecond: 10_000 });
  client.send(Buffer.alloc(50_000, 'x'));
  const { length } = hearFor(lab, server, 2_000);
  t.true(length > 18_000 && length <= 20_000, `${length} bytes in two seconds`);
});

test('a sender gets room again as its slow reader reads', (t) => {
  const { lab, client, server } = new Lab().pair();
  slowReader(lab.server, server.socket, { bytesPerSecond: 100_000 });
  const send = client.send(Buffer.alloc(200_000, 'x'));
  lab.settle();
  t.is(send.status, 'pending');
  t.is(send.bytes, 2 * 65_536, 'both buffers are full');
  t.is(hearFor(lab, server, 10_000).length, 200_000);
  t.is(send.status, 'done');
});

test('the backlog takes its number of connections, and not one more', (t) => {
  const lab = new Lab();
  const listen = lab.listen({ backlog: 2 });
  lab.settle();
  const connects = [1, 2, 3].map(() => lab.connect(listen.bound as Endpoint));
  lab.settle();
  t.deepEqual(
    connects.map(({ status }) => status),
    ['done', 'done', 'pending'],
  );
  t.is(lab.server.counters.acceptsShed, 1);
  lab.accept(listen.socket);
  lab.world.run();
  t.is(connects[2]?.status, 'done', 'its SYN was repeated');
});

test('out of descriptors, each way to make a socket fails, and a closed one makes room', (t) => {
  const lab = new Lab();
  const listen = lab.listen();
  lab.settle();
  lab.serverHost.maxDescriptors = 1;
  const accept = lab.accept(listen.socket);
  const connect = lab.connect(listen.bound as Endpoint);
  lab.settle();
  t.is(endOf(accept), 'failed fileDescriptors');
  t.is(connect.status, 'done', 'it waits in the backlog');
  const second = lab.listen();
  lab.settle();
  t.is(endOf(second), 'failed fileDescriptors');
  lab.serverHost.maxDescriptors = 2;
  const again = lab.accept(listen.socket);
  lab.settle();
  t.is(again.status, 'done');
  started(
    lab.server,
    Object.assign(
      closeOperation(again.accepted, () => {}),
      { how: 'reset' },
    ),
  );
  lab.settle();
  t.is(lab.serverHost.descriptors, 1);
});

test('the n-th operation of a kind fails, and no other', (t) => {
  const { lab, client, server } = new Lab().pair();
  const plan = lab.world.failNth('send', 2, ownFault('noBuffers', 'send'));
  const sends = ['a', 'b', 'c'].map((text) => client.send(text));
  t.is(hearFor(lab, server, 0), 'ac');
  t.deepEqual(sends.map(endOf), ['done', 'failed noBuffers', 'done']);
  t.true(plan.fired);
});

test('failing every operation in turn, a program still ends, and leaks nothing', (t) => {
  let n = 0;
  for (let fired = true; fired; ) {
    n += 1;
    const lab = new Lab();
    const plan = lab.world.failNth('any', n, ownFault('noBuffers', 'any'));
    const listen = lab.listen();
    lab.settle();
    if (listen.status === 'done') {
      const accept = lab.accept(listen.socket);
      const connect = lab.connect(listen.bound as Endpoint);
      lab.settle();
      const failed = [accept, connect].filter(({ status }) => status === 'failed').length;
      t.is(failed, plan.fired ? 1 : 0, `operation ${n}`);
    }
    lab.client.close();
    lab.server.close();
    lab.world.run();
    t.is(lab.server.openSockets + lab.client.openSockets, 0, `operation ${n}`);
    t.is(lab.serverHost.connectionCount + lab.clientHost.connectionCount, 0, `operation ${n}`);
    fired = plan.fired;
  }
  t.is(n, 4, 'listen, accept and connect have failed once each');
});
