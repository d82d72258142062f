import test from 'ava';
import { UDP_QUEUE_BYTES_MAX, UDP_QUEUE_DATAGRAMS_MAX } from '../../../adapters/sim/udp-socket.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { SocketId } from '../../../src/core/operation.ts';
import {
  udpOpenOperation,
  udpPeekOperation,
  udpRecvOperation,
  udpSendOperation,
} from '../../../src/core/operations.ts';
import { CLIENT_ADDRESS, endOf, ipv4, Lab, SERVER_ADDRESS, started } from './sim-kit.ts';

class UdpLab extends Lab {
  readonly to: Endpoint;
  readonly receiver: SocketId;
  readonly sender: SocketId;

  constructor(options: ConstructorParameters<typeof Lab>[0] = {}) {
    super(options);
    const receiver = started(
      this.server,
      udpOpenOperation(ipv4(SERVER_ADDRESS), () => {}),
    );
    const open = udpOpenOperation(ipv4(CLIENT_ADDRESS), () => {});
    open.remote = receiver.bound as Endpoint;
    const sender = started(this.client, open);
    this.settle();
    this.to = receiver.bound as Endpoint;
    this.receiver = receiver.socket;
    this.sender = sender.socket;
  }

  send(data: string | Uint8Array): string {
    const send = udpSendOperation(this.sender, () => {});
    send.data = Buffer.from(data as string);
    started(this.client, send);
    this.settle();
    return endOf(send);
  }

  /** Everything that waits, as text. */
  hear(): string[] {
    const texts: string[] = [];
    for (;;) {
      const recv = udpRecvOperation(this.receiver, ({ data, offset, bytes, status }) => {
        if (status === 'done') texts.push(Buffer.from(data).toString('latin1', offset, bytes));
      });
      started(this.server, recv);
      this.settle();
      if (recv.status === 'done') continue;
      this.server.cancel(recv);
      this.settle();
      return texts;
    }
  }
}

test('a socket queues its number of datagrams, and counts the ones beyond', (t) => {
  const lab = new UdpLab();
  for (let i = 0; i < UDP_QUEUE_DATAGRAMS_MAX; i += 1) lab.send(`${i}`);
  t.is(lab.server.counters.datagramsDropped, 0);
  lab.send('one more');
  t.is(lab.server.counters.datagramsDropped, 1);
  const heard = lab.hear();
  t.is(heard.length, UDP_QUEUE_DATAGRAMS_MAX);
  t.is(heard.at(-1), `${UDP_QUEUE_DATAGRAMS_MAX - 1}`, 'the newest is dropped');
});

test('a socket queues its number of bytes, and counts the datagrams beyond', (t) => {
  const lab = new UdpLab();
  const half = Buffer.alloc(UDP_QUEUE_BYTES_MAX / 4);
  for (let i = 0; i < 4; i += 1) lab.send(half);
  t.is(lab.server.counters.datagramsDropped, 0);
  lab.send('x');
  t.is(lab.server.counters.datagramsDropped, 1);
});

test('nothing repairs lost datagrams', (t) => {
  const lab = new UdpLab();
  lab.world.lose('datagram', 2);
  for (const text of ['a', 'b', 'c']) lab.send(text);
  t.deepEqual(lab.hear(), ['a', 'c']);
});

test('datagrams come twice, or late', (t) => {
  const twice = new UdpLab({ duplication: 1 });
  twice.send('again');
  t.deepEqual(twice.hear(), ['again', 'again']);
  const late = new UdpLab({ seed: 2, reorder: 0.5 });
  const sent = Array.from({ length: 40 }, (_, i) => `${i}`);
  for (const text of sent) late.send(text);
  late.world.advance(10);
  const heard = late.hear();
  t.notDeepEqual(heard, sent);
  t.deepEqual(
    heard.toSorted((a, b) => Number(a) - Number(b)),
    sent,
  );
});

test('an ICMP notice that was not read makes the next send fail once, unsent', (t) => {
  const lab = new UdpLab();
  lab.server.close();
  lab.settle();
  t.is(lab.send('nobody is there'), 'done');
  t.is(lab.send('unsent'), 'icmp refused');
  const sent = lab.world.trace.lines().filter((line) => line.includes(' datagram '));
  t.is(sent.length, 1);
  const peek = started(
    lab.client,
    udpPeekOperation(lab.sender, () => {}),
  );
  lab.settle();
  t.is(peek.status, 'pending', 'the notice was consumed');
});
