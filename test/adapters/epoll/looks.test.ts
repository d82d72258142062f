import { strict as assert } from 'node:assert';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { udpRecvOperation } from '../../../src/core/operations.ts';
import { epollRule } from './epoll-rule.ts';

const DATAGRAMS = 100;
const counted = { looks: 0 };

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
