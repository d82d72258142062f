import { strict as assert } from 'node:assert';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { udpRecvOperation } from '../../../src/core/operations.ts';
import { epollRule } from './epoll-rule.ts';

const DATAGRAMS = 100;
const counted = { looks: 0, events: 0 };

epollRule(
  'who has one datagram under way at a time looks at the kernel once for each, whatever is posted',
  async (kit) => {
    const local: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 };
    const { socket, bound } = await kit.ends(kit.udpOpen({ local }), 'done');
    const sender = createSocket('udp4');
    try {
      let told = (): void => {};
      const receive = udpRecvOperation(socket, ({ status }) => {
        if (status !== 'done') return;
        kit.port.loop.post(told);
        kit.submit(receive);
      });
      kit.submit(receive);
      await kit.settle();
      counted.looks = 0;
      for (let i = 0; i < DATAGRAMS; i += 1) {
        const posted = new Promise<void>((resolve) => {
          told = resolve;
        });
        sender.send('x', (bound as Endpoint).port, '127.0.0.1');
        await posted;
      }
      // Half of them more, as the loop tries now and then whether another look would pay.
      assert.ok(counted.looks <= DATAGRAMS * 1.5, `${counted.looks} looks`);
    } finally {
      sender.close();
      await once(sender, 'close');
    }
  },
  (real) => ({
    epollWait(epoll, events, count, timeoutMs) {
      counted.looks += 1;
      return real.epollWait(epoll, events, count, timeoutMs);
    },
  }),
);

epollRule(
  'a datagram that leaves the kernel wakes nobody who does not wait for room',
  async (kit) => {
    const receiver = createSocket('udp4');
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    try {
      const remote: Endpoint = { ...receiver.address(), family: 'ipv4' };
      const { socket } = await kit.ends(kit.udpOpen({ remote }), 'done');
      kit.udpRecv(socket);
      await kit.settle();
      counted.events = 0;
      for (let i = 0; i < DATAGRAMS; i += 1) {
        const heard = once(receiver, 'message');
        await kit.ends(kit.udpSend(socket, 'x'), 'done');
        await heard;
      }
      await kit.settle();
      assert.equal(counted.events, 0);
    } finally {
      receiver.close();
      await once(receiver, 'close');
    }
  },
  (real) => ({
    epollWait(epoll, events, count, timeoutMs) {
      const taken = real.epollWait(epoll, events, count, timeoutMs);
      counted.events += taken;
      return taken;
    },
  }),
);
