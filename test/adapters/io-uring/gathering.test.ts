import assert from 'node:assert/strict';
import {
  IORING_OFF_SQES,
  IORING_OP_SEND,
  IORING_OP_SENDMSG,
} from '../../../adapters/io-uring/constants.ts';
import { BufferPool } from '../../../src/core/buffer-pool.ts';
import { Outbox, type OutboxOwner } from '../../../src/core/outbox/outbox.ts';
import { type Override, uringRule } from './uring-rule.ts';

const ENTRY_BYTES = 64;
const OWNER: OutboxOwner = { outboxLevel() {}, outboxDrained() {}, outboxBroken() {} };

/** Bytes of the sends that were handed to the kernel; of vectors, -1. */
const sends: number[] = [];

const counted: Override = ({ map, ringEnter }) => {
  let entries = new DataView(new ArrayBuffer(0));
  return {
    map(fd, bytes, offset) {
      const mapping = map(fd, bytes, offset);
      if (mapping !== undefined && offset === IORING_OFF_SQES)
        entries = new DataView(mapping.buffer);
      return mapping;
    },
    ringEnter(ring, count, flags) {
      const answer = ringEnter(ring, count, flags);
      for (let at = 0; at < entries.byteLength; at += ENTRY_BYTES) {
        const operation = entries.getUint8(at);
        if (operation === IORING_OP_SEND) sends.push(entries.getUint32(at + 24, true));
        else if (operation === IORING_OP_SENDMSG) sends.push(-1);
        entries.setUint8(at, 0);
      }
      return answer;
    },
  };
};

uringRule(
  '3000 small sends of one turn leave in at most 3 requests',
  async (kit) => {
    const { client, server } = await kit.pair();
    const outbox = new Outbox(kit.port, new BufferPool(), OWNER, server);
    for (let i = 0; i < 3000; i += 1) outbox.append(Buffer.from('0123456789'));
    await kit.hear(client, 30_000);
    const sizes = sends.splice(0);
    assert.ok(sizes.length <= 3, `${sizes}`);
    assert.equal(
      sizes.reduce((sum, bytes) => sum + bytes),
      30_000,
    );
  },
  { override: counted },
);

uringRule(
  'one large buffer leaves from where it is, without a vector',
  async (kit) => {
    const { client, server } = await kit.pair();
    const outbox = new Outbox(kit.port, new BufferPool(), OWNER, server);
    outbox.append(Buffer.alloc(100_000, 'x'));
    await kit.hear(client, 100_000);
    assert.equal(sends.splice(0)[0], 100_000);
  },
  { override: counted },
);
