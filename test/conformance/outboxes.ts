import assert from 'node:assert/strict';
import { BufferPool } from '../../src/core/buffer-pool.ts';
import type { SendOperation } from '../../src/core/operation.ts';
import { Outbox, type OutboxOwner } from '../../src/core/outbox/outbox.ts';
import { FULL_BYTES, HIGH_BYTES, LOW_BYTES } from '../../src/core/outbox/water-marks.ts';
import type { Kit, Pair } from './kit.ts';
import type { Rules } from './run.ts';

/** An outbox with all it told its owner, over a connection. */
class Producer implements OutboxOwner {
  readonly levels: string[] = [];
  readonly pool = new BufferPool();
  readonly outbox: Outbox;
  drained = 0;
  broken: SendOperation['status'] | undefined;

  constructor(kit: Kit, pair: Pair) {
    const Kind = kit.site.outbox ?? Outbox;
    this.outbox = new Kind(kit.port, this.pool, this, pair.client);
  }

  outboxLevel(level: string): void {
    this.levels.push(level);
  }

  outboxDrained(): void {
    this.drained += 1;
  }

  outboxBroken(send: SendOperation): void {
    this.broken = send.status;
  }
}

/** Runs `task` inside one turn of the loop. */
async function inOneTurn(kit: Kit, task: () => void): Promise<void> {
  let ran = false;
  kit.port.loop.post(() => {
    ran = true;
    task();
  });
  await kit.until(() => ran, 'a posted task');
}

/** How many sends the rule has made so far. */
function sends(kit: Kit): number {
  return kit.port.submitted('send');
}

/** What every port promises about an outbox on it. */
export const outboxRules: Rules = {
  '1, 1025 and 3000 small appends in one turn are one batch per gather cap': async (kit) => {
    const cap = Math.min(kit.port.capabilities.gatherMax, 3000);
    for (const count of [1, 1025, 3000]) {
      const pair = await kit.pair();
      const producer = new Producer(kit, pair);
      const before = sends(kit);
      let expected = '';
      await inOneTurn(kit, () => {
        for (let i = 0; i < count; i += 1) {
          const text = `${i % 10}`;
          expected += text;
          producer.outbox.append(Buffer.from(text));
        }
      });
      assert.equal(await kit.hear(pair.server, count), expected);
      await kit.until(() => producer.drained === 1, 'an empty outbox');
      assert.equal(sends(kit) - before, Math.ceil(count / cap), `${count} appends`);
    }
  },

  'eight producers into one stream: in order, and one batch per turn': async (kit) => {
    const pair = await kit.pair();
    const producer = new Producer(kit, pair);
    const before = sends(kit);
    let expected = '';
    for (let turn = 0; turn < 5; turn += 1) {
      const posts = Array.from({ length: 8 }, (_, i) => `${turn}/${i};`);
      expected += posts.join('');
      await inOneTurn(kit, () => {
        for (const post of posts) producer.outbox.appendText(post);
      });
      await kit.until(() => producer.outbox.queuedBytes === 0, 'an empty outbox');
    }
    assert.equal(await kit.hear(pair.server, expected.length), expected);
    assert.equal(sends(kit) - before, 5);
  },

  'buffers, texts and copies keep their order': async (kit) => {
    const pair = await kit.pair();
    const producer = new Producer(kit, pair);
    const lent = Buffer.from('lent!');
    await inOneTurn(kit, () => {
      producer.outbox.appendText('text ');
      producer.outbox.append(Buffer.from('bytes '));
      producer.outbox.appendCopy(lent, 0, 4);
      lent.fill('?');
      producer.outbox.appendText(' end');
    });
    assert.equal(await kit.hear(pair.server, 19), 'text bytes lent end');
    await kit.until(() => producer.drained === 1, 'an empty outbox');
    assert.equal(producer.pool.lent, 0);
  },

  'a peer that stops reading: high once, refused above full, low once when it resumes': async (
    kit,
  ) => {
    const pair = await kit.pair();
    const producer = new Producer(kit, pair);
    const { outbox } = producer;
    const chunk = Buffer.alloc(33_000, 'x'); // `full` is no multiple of it.
    const most = kit.site.floodBytes + FULL_BYTES;
    // The kernel's buffers first: until a batch stays in flight.
    let total = 0;
    for (let idle = 0; idle < 3; ) {
      if (outbox.append(chunk)) total += chunk.length;
      assert.ok(total <= most, 'nobody reads');
      await kit.settle();
      idle = outbox.queuedBytes > 0 ? idle + 1 : 0;
    }
    let queued = outbox.queuedBytes;
    for (; outbox.append(chunk); queued = outbox.queuedBytes) {
      total += chunk.length;
      assert.ok(total <= most, 'there is a limit');
    }
    assert.equal(outbox.queuedBytes, queued, 'nothing of what is refused is queued');
    assert.ok(outbox.queuedBytes > HIGH_BYTES && outbox.queuedBytes <= FULL_BYTES);
    const room = FULL_BYTES - outbox.queuedBytes;
    assert.equal(outbox.append(Buffer.alloc(room + 1)), false, 'one byte above full is refused');
    assert.ok(outbox.append(Buffer.alloc(room, 'x')), 'what fits exactly is taken');
    assert.equal(outbox.append(Buffer.alloc(1)), false);
    total += room;
    assert.equal(producer.levels.at(-1), 'high');
    const highs = producer.levels.length;
    await kit.hear(pair.server, total);
    await kit.until(() => producer.drained > 0 && outbox.queuedBytes === 0, 'an empty outbox');
    assert.ok(outbox.queuedBytes <= LOW_BYTES);
    assert.deepEqual(producer.levels.slice(highs), ['open']);
    producer.levels.forEach((level, i) => {
      assert.equal(level, i % 2 === 0 ? 'high' : 'open', `levels ${producer.levels}`);
    });
  },

  'nested corks hold everything back until the outer one is left': async (kit) => {
    const pair = await kit.pair();
    const { outbox } = new Producer(kit, pair);
    const before = sends(kit);
    const outer = outbox.cork();
    const inner = outbox.cork();
    outbox.appendText('a');
    await kit.settle();
    inner[Symbol.dispose]();
    inner[Symbol.dispose]();
    outbox.appendText('b');
    await kit.settle();
    assert.equal(sends(kit), before);
    outer[Symbol.dispose]();
    assert.equal(await kit.hear(pair.server, 2), 'ab');
    assert.equal(sends(kit), before + 1);
  },

  'a cork that a throw disposes lets the bytes go': async (kit) => {
    const pair = await kit.pair();
    const { outbox } = new Producer(kit, pair);
    assert.throws(() => {
      const cork = outbox.cork();
      try {
        outbox.appendText('out');
        throw new Error('on purpose');
      } finally {
        cork[Symbol.dispose]();
      }
    });
    assert.equal(await kit.hear(pair.server, 3), 'out');
  },

  'a batch that misses its deadline breaks the outbox once': async (kit) => {
    const pair = await kit.pair();
    const producer = new Producer(kit, pair);
    producer.outbox.sendTimeoutMs = 40;
    let appended = true;
    await kit.until(() => {
      if (appended) appended = producer.outbox.append(Buffer.alloc(256 * 1024));
      else appended = producer.outbox.queuedBytes < FULL_BYTES / 2;
      return producer.broken !== undefined;
    }, 'a broken outbox');
    assert.equal(producer.broken, 'expired');
    assert.equal(producer.outbox.append(Buffer.alloc(1)), false, 'nothing is taken any more');
    assert.equal(producer.outbox.queuedBytes, 0);
    assert.equal(producer.pool.lent, 0);
  },
};
