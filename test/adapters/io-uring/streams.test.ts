import assert from 'node:assert/strict';
import { TCP_NODELAY } from '../../../adapters/linux/constants.ts';
import { encodeAddress } from '../../../adapters/linux/socket-address.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { recvOperation } from '../../../src/core/operations.ts';
import type { Pair } from '../../conformance/kit.ts';
import { connectsNotToItself, SELF_CONNECT, streamRules } from '../linux/stream-rules.ts';
import { unixRules } from '../linux/unix-rules.ts';
import { uringRule } from './uring-rule.ts';

for (const [title, rule] of Object.entries({ ...streamRules, ...unixRules })) {
  uringRule(title, rule);
}

uringRule('a minimum above the room of the buffers fails as badArgument', async (kit) => {
  const { client, server } = await kit.pair();
  const room = (): Uint8Array[] => [new Uint8Array(3)];
  await kit.fails(kit.recv(server, { into: room(), minBytes: 4 }), 'badArgument');
  await kit.say(client, 'abc');
  await kit.ends(kit.recv(server, { into: room(), minBytes: 3 }), 'done');
});

uringRule('one buffer of the caller’s takes more than a provided buffer holds', async (kit) => {
  const { client, server } = await kit.pair();
  const data = Buffer.alloc(1_000_000);
  for (let i = 0; i < data.length; i += 1) data[i] = (i * 7) >> 3;
  const into = Buffer.alloc(data.length);
  const send = kit.send(client, [data]);
  const recv = kit.recv(server, { into: [into], minBytes: into.length });
  await kit.ends(recv, 'done');
  await kit.ends(send, 'done');
  assert.equal(Buffer.compare(into, data), 0);
});

uringRule('more receives than provided buffers complete at once, none is lost', async (kit) => {
  const { socket, bound } = await kit.listening();
  for (const count of [64, 65, 200]) {
    const pairs: Pair[] = [];
    for (let i = 0; i < count; i += 1) pairs.push(await kit.pairOn(socket, bound as Endpoint));
    const heard: string[] = [];
    pairs.forEach(({ server }, i) => {
      const recv = recvOperation(server, ({ data, offset, bytes }) => {
        heard[i] = Buffer.from(data.subarray(offset, offset + bytes)).toString();
      });
      kit.submit(recv);
    });
    await kit.settle();
    kit.port.loop.post(() => {
      for (const [i, { client }] of pairs.entries()) kit.send(client, [`to ${i}`]);
    });
    await kit.until(() => Object.keys(heard).length === count, 'all messages');
    assert.deepEqual(
      heard,
      pairs.map((_, i) => `to ${i}`),
    );
    for (const { client, server } of pairs) {
      await kit.ends(kit.close(client, { how: 'reset' }), 'done');
      await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    }
  }
});

uringRule('more bytes of sends in one turn than the outgoing memory holds go out', async (kit) => {
  const { socket, bound } = await kit.listening();
  const pairs: Pair[] = [];
  for (let i = 0; i < 40; i += 1) pairs.push(await kit.pairOn(socket, bound as Endpoint));
  const text = 'text'.repeat(10_000); // 40 times 40 kB: more than 1 MiB.
  kit.port.loop.post(() => {
    for (const { client } of pairs) kit.send(client, [text, Buffer.from('!')]);
  });
  for (const { server } of pairs) {
    assert.equal(await kit.hear(server, text.length + 1), `${text}!`);
  }
});

let bindTo: Endpoint | undefined;

uringRule(
  SELF_CONNECT,
  (kit) =>
    connectsNotToItself(kit, (endpoint) => {
      bindTo = endpoint;
    }),
  {
    override: ({ bind, setsockopt }) => ({
      setsockopt(fd, level, name, value) {
        const own = bindTo && name === TCP_NODELAY ? encodeAddress(bindTo) : undefined;
        if (own !== undefined) assert.equal(bind(fd, own, own.length), 0);
        return setsockopt(fd, level, name, value);
      },
    }),
  },
);
