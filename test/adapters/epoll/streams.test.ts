import assert from 'node:assert/strict';
import { IPPROTO_TCP, TCP_NODELAY } from '../../../adapters/linux/constants.ts';
import { encodeAddress } from '../../../adapters/linux/socket-address.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { connectsNotToItself, SELF_CONNECT, streamRules } from '../linux/stream-rules.ts';
import { unixRules } from '../linux/unix-rules.ts';
import { attemptRule, epollRule, openDescriptors, real } from './epoll-rule.ts';

for (const [title, rule] of Object.entries({ ...streamRules, ...unixRules })) {
  epollRule(title, rule);
}

epollRule('an accepted connection sends small pieces at once (TCP_NODELAY)', async (kit) => {
  await kit.pair();
  const value = new Int32Array(1);
  let streams = 0;
  for (const fd of openDescriptors()) {
    if (real.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value) < 0) continue; // Not TCP.
    streams += 1;
    assert.equal(value[0], 1);
  }
  assert.equal(streams, 3);
});

let bindTo: Endpoint | undefined;

epollRule(
  SELF_CONNECT,
  (kit) =>
    connectsNotToItself(kit, (endpoint) => {
      bindTo = endpoint;
    }),
  ({ bind, connect }) => ({
    connect(fd, address, bytes) {
      const own = bindTo === undefined ? undefined : encodeAddress(bindTo);
      if (own !== undefined) assert.equal(bind(fd, own, own.length), 0);
      return connect(fd, address, bytes);
    },
  }),
);

attemptRule('who waits on a socket that is closed is told when it is gone', async (kit) => {
  const { client } = await kit.pair();
  const read = kit.wait('read', client);
  const close = await kit.close(client, 'reset');
  assert.equal(close.status, 'done');
  await kit.reported(read);
  const late = kit.wait('write', client);
  await kit.reported(late);
});

attemptRule('who waits again while being told is told again, but not in a loop', async (kit) => {
  const { client, server } = await kit.pair();
  await kit.say(client, 'never read');
  const turns = new Set<number>();
  const counted = kit.wait('read', server);
  const { watch } = counted;
  watch.onReady = () => {
    turns.add(kit.port.loop.turn);
    counted.reports += 1;
    if (counted.reports < 10) kit.port.wait(watch);
  };
  await kit.until(() => counted.reports === 10, 'ten reports');
  assert.equal(turns.size, 10, 'one report a turn');
});

attemptRule(
  'a receive into a small buffer leaves the socket ready: the rest is reported',
  async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'abcdef');
    for (const part of ['ab', 'cd', 'ef']) {
      await kit.reported(kit.wait('read', server));
      assert.equal((await kit.hear(server, 2)).toString(), part);
    }
    const wait = kit.wait('read', server);
    await kit.settle();
    assert.equal(wait.reports <= 1, true);
  },
);

epollRule(
  'a large file to a fast reader leaves the other sockets their turns',
  async (kit) => {
    const { client } = await kit.pair();
    const firstTurn = kit.port.loop.turn;
    const length = 64 * 1024 * 1024;
    await kit.ends(kit.transmit(client, { file: kit.site.file(Buffer.from('x')), length }), 'done');
    const turns = kit.port.loop.turn - firstTurn;
    // 4 MiB at once, the first of them while it is submitted.
    assert.ok(turns >= 15, `${turns} turns for 64 MiB`);
  },
  // A reader that is never behind: the kernel takes everything at once.
  () => ({ sendfile: (_to, _from, _position, bytes) => bytes }),
);
