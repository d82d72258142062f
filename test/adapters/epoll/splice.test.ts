import assert from 'node:assert/strict';
import { INTERRUPTS_MAX } from '../../../adapters/epoll/receiving.ts';
import { EINTR, F_SETPIPE_SZ } from '../../../adapters/linux/constants.ts';
import { PIPES_MAX } from '../../../adapters/linux/pipes.ts';
import type { RecvOperation } from '../../../src/core/operation.ts';
import { recvOperation, SPLICE_BYTES_MAX, spliceOperation } from '../../../src/core/operations.ts';
import type { Kit } from '../../conformance/kit.ts';
import { meanwhile } from '../../conformance/meanwhile.ts';
import {
  type Chain,
  chain,
  pattern,
  sameBytes,
  spliceAll,
  stuckSplice,
} from '../../conformance/splice.ts';
import { attemptRule, descriptors, epollRule, real } from './epoll-rule.ts';

const PAGE_BYTES = 4096;

/** All that `client` sends comes to `server`, and its end. */
async function carries(kit: Kit, both: Chain, bytes: Buffer): Promise<void> {
  const send = kit.send(both.client, [bytes]);
  const all = meanwhile(kit.drain(both.server));
  const spliced = meanwhile(spliceAll(kit, both));
  await kit.ends(send, 'done');
  await kit.ends(kit.shutdown(both.client), 'done');
  assert.equal(await spliced, bytes.length);
  sameBytes((await all).bytes, bytes);
}

/** A splice that was cancelled with bytes in its pipe, and where they belong in the pattern. */
async function holding(kit: Kit, both: Chain): Promise<{ held: number }> {
  const { splice } = await stuckSplice(kit, both);
  assert.ok(splice.held > 0, 'the pipe holds what the target did not take');
  kit.cancel(splice);
  await kit.ends(splice, 'cancelled');
  return splice;
}

let splices = 0;

epollRule(
  'a target that does not read fills one pipe, which holds one splice at most',
  async (kit) => {
    const both = await chain(kit);
    const before = descriptors();
    const { splice, send } = await stuckSplice(kit, both);
    assert.equal(descriptors(), before + 2, 'one pipe');
    assert.ok(splice.held > 0 && splice.held <= SPLICE_BYTES_MAX, `${splice.held}`);
    assert.equal(send.status, 'pending');
    splices = 0;
    const { turn } = kit.port.loop;
    await kit.settle();
    assert.equal(splices, 0, 'who waits for the target does not ask again');
    assert.ok(kit.port.loop.turn < turn + 20, 'and does not spin');
    const all = meanwhile(kit.drain(both.server));
    const rest = kit.ends(splice, 'done').then(() => spliceAll(kit, both));
    await kit.ends(send, 'done');
    await kit.ends(kit.shutdown(both.client), 'done');
    await meanwhile(rest);
    sameBytes((await all).bytes, pattern(kit.site.floodBytes));
    assert.equal(descriptors(), before + 2, 'the same pipe, again and again');
  },
  () => ({
    splice(from, to, bytes, flags) {
      splices += 1;
      return real.splice(from, to, bytes, flags);
    },
  }),
);

epollRule(
  'a splice goes on when its target can take more, though nothing more comes',
  async (kit) => {
    const both = await chain(kit);
    const { client, from, to } = both;
    const bytes = pattern(100_000);
    let splice = kit.splice(from, to);
    let sent = 0;
    while (splice.status !== 'pending' || splice.held === 0) {
      if (splice.status !== 'pending') splice = kit.splice(from, to);
      await kit.ends(kit.send(client, [bytes]), 'done');
      sent += bytes.length;
      await kit.elapse(1);
    }
    await kit.settle();
    const { held } = splice;
    const recv = kit.hear(both.server, sent - held);
    await meanwhile(recv);
    await kit.ends(splice, 'done');
  },
);

epollRule(
  'a splice that moves a few bytes at a time carries them all',
  async (kit) => carries(kit, await chain(kit), pattern(20_000)),
  () => ({ splice: (from, to, bytes, flags) => real.splice(from, to, Math.min(bytes, 7), flags) }),
);

epollRule(
  'a pipe that may not grow takes less at once, and carries everything',
  async (kit) => carries(kit, await chain(kit), pattern(2_000_000)),
  () => ({
    fcntl: (fd, command, value) =>
      real.fcntl(fd, command, command === F_SETPIPE_SZ ? PAGE_BYTES : value),
  }),
);

epollRule('bytes go from TCP to a UNIX socket and back', async (kit) => {
  const tcp = await kit.pair();
  const endpoint = { family: 'unix', address: `\0sluice-splice-${process.pid}`, port: 0 } as const;
  const { socket } = await kit.listening({ endpoint });
  const unix = await kit.pairOn(socket, endpoint);
  const there = { client: tcp.client, from: tcp.server, to: unix.client, server: unix.server };
  const back = { client: unix.server, from: unix.client, to: tcp.server, server: tcp.client };
  await carries(kit, there, pattern(500_000));
  await carries(kit, back, pattern(500_000));
});

epollRule('a peek shows what a splice has left, and consumes nothing', async (kit) => {
  const both = await chain(kit);
  await holding(kit, both);
  const peek = await kit.ends(kit.peek(both.from, { wantBytes: 1000 }), 'done');
  assert.equal(peek.bytes, 1000);
  const shown = Buffer.from(kit.text(peek), 'latin1');
  await kit.ends(kit.peek(both.from), 'done');
  const parts = [Buffer.alloc(10), Buffer.alloc(990)];
  const recv = await kit.ends(kit.recv(both.from, { into: parts, minBytes: 1000 }), 'done');
  assert.equal(recv.bytes, 1000);
  sameBytes(Buffer.concat(parts), shown);
});

epollRule('what a splice has left is received before what the kernel has', async (kit) => {
  const both = await chain(kit);
  const { held } = await holding(kit, both);
  const heard = meanwhile(kit.drain(both.server));
  const received = Buffer.alloc(held + 1);
  await kit.ends(kit.recv(both.from, { into: [received], minBytes: held + 1 }), 'done');
  await kit.ends(kit.shutdown(both.to), 'done');
  const { bytes } = await heard;
  const all = Buffer.concat([bytes, received]);
  sameBytes(all, pattern(kit.site.floodBytes).subarray(0, all.length));
});

epollRule('a source is not given away while a splice has left bytes of it', async (kit) => {
  const both = await chain(kit);
  const { held } = await holding(kit, both);
  const detach = kit.close(both.from, { how: 'detach' });
  await kit.fails(detach, 'badArgument');
  assert.ok((await kit.hear(both.from, held)).length >= held);
});

epollRule('a target that is reset leaves what was on its way to the source', async (kit) => {
  const both = await chain(kit);
  const { splice } = await stuckSplice(kit, both);
  await kit.ends(kit.close(both.server, { how: 'reset' }), 'done');
  await kit.fails(splice, 'reset', 'brokenPipe');
  assert.equal(splice.faultSide, 'to');
  assert.ok(splice.held > 0);
  await kit.hear(both.from, splice.held);
});

epollRule('one splice behind another waits for its own target alone', async (kit) => {
  const both = await chain(kit);
  const other = await kit.pair();
  const { splice, send } = await stuckSplice(kit, both);
  const next = kit.splice(both.from, other.client, { maxBytes: 5 });
  await kit.settle();
  assert.equal(next.status, 'pending', 'in order');
  kit.cancel(splice);
  await kit.ends(splice, 'cancelled');
  await kit.ends(next, 'done');
  assert.equal((await kit.hear(other.server, 5)).length, 5);
  kit.cancel(send);
});

let interrupts = 0;

epollRule(
  `a splice is made again ${INTERRUPTS_MAX} times when signals interrupt it, and no more`,
  async (kit) => {
    const { client, from, to, server } = await chain(kit);
    await kit.say(client, 'abc');
    interrupts = INTERRUPTS_MAX;
    await kit.ends(kit.splice(from, to), 'done');
    assert.equal(await kit.hear(server, 3), 'abc');
    await kit.say(client, 'def');
    interrupts = INTERRUPTS_MAX + 1;
    const failed = await kit.fails(kit.splice(from, to), 'adapter');
    assert.deepEqual([failed.fault?.native.code, failed.faultSide], ['EINTR', 'socket']);
    assert.equal(interrupts, 0);
    assert.equal(await kit.hear(from, 3), 'def', 'nothing was taken');
  },
  () => ({
    splice(from, to, bytes, flags) {
      if (interrupts === 0) return real.splice(from, to, bytes, flags);
      interrupts -= 1;
      return -EINTR;
    },
  }),
);

epollRule('a port that is closed with bytes in pipes leaves no descriptor', async (kit) => {
  for (let i = 0; i < 3; i += 1) await stuckSplice(kit, await chain(kit));
  assert.ok(PIPES_MAX > 3);
});

attemptRule(
  'a splice waits for its target, and what it left is reported as readable',
  async (kit) => {
    const first = await kit.pair();
    const second = await kit.pair();
    const splice = spliceOperation(first.server, second.client, kit.unwanted);
    assert.equal(kit.attempt(splice), 'read');
    await kit.say(first.client, 'a');
    await kit.reported(kit.wait('read', first.server));
    await kit.ends(splice, 'done');
    const text = 'x'.repeat(100_000);
    do {
      await kit.say(first.client, text);
      await kit.settle();
      kit.attempt(splice);
    } while (splice.held === 0);
    assert.equal(kit.attempt(splice), 'write');
    kit.port.abandon(splice);
    await kit.reported(kit.wait('read', first.server));
    const recv: RecvOperation = recvOperation(first.server, kit.unwanted);
    await kit.ends(recv, 'done');
    assert.ok(recv.bytes > 0);
  },
);
