import test from 'ava';
import { BufferPool } from '../../src/core/buffer-pool.ts';
import { ownFault } from '../../src/core/fault.ts';
import type { SendOperation } from '../../src/core/operation.ts';
import { Outbox, type OutboxOwner } from '../../src/core/outbox/outbox.ts';
import {
  FULL_BYTES,
  HIGH_BYTES,
  type Level,
  LOW_BYTES,
} from '../../src/core/outbox/water-marks.ts';
import { FakeProactor } from './fake-proactor.ts';
import { ManualHost } from './manual-host.ts';

class Owner implements OutboxOwner {
  readonly levels: Level[] = [];
  readonly broken: SendOperation['status'][] = [];
  drained = 0;
  ended = 0;
  onOpen = (): void => {};

  outboxLevel(level: Level): void {
    this.levels.push(level);
    if (level === 'open') this.onOpen();
  }

  outboxDrained(): void {
    this.drained += 1;
  }

  outboxEnded(): void {
    this.ended += 1;
  }

  outboxBroken({ status }: SendOperation): void {
    this.broken.push(status);
  }
}

function setUp(chunkBytes = 16 * 1024) {
  const host = new ManualHost();
  const port = new FakeProactor(host.loop);
  const pool = new BufferPool(chunkBytes);
  const owner = new Owner();
  const outbox = new Outbox(port, pool, owner, 1);
  const copy = (text: string): boolean => {
    const bytes = Buffer.from(`[${text}]`, 'latin1');
    const taken = outbox.appendCopy(bytes, 1, bytes.length - 1);
    bytes.fill(0);
    return taken;
  };
  return { host, port, pool, owner, outbox, copy };
}

test('texts of one turn are joined into one piece, sent at its end', (t) => {
  const { host, port, outbox, owner } = setUp();
  host.turn(() => {
    for (const text of ['GET ', '/ ', 'caf\xe9']) outbox.appendText(text);
    t.is(port.pending.length, 0);
  });
  port.end('send', 'done');
  host.turn();
  t.deepEqual(port.batches, ['GET / caf\xe9']);
  t.deepEqual(port.pieces, [1]);
  t.is(outbox.queuedBytes, 0);
  t.is(owner.drained, 1);
});

test('of an ending outbox the last batch is the last send, and who is asked closes at once', (t) => {
  const { host, port, outbox, owner } = setUp();
  const lasts: boolean[] = [];
  const submit = port.submit.bind(port);
  port.submit = (operation) => {
    submit(operation);
    if (operation.kind === 'send') lasts.push(operation.last);
  };
  port.sendsAtOnce = true;
  host.turn(() => {
    outbox.appendText('more follows');
  });
  host.turn(() => {
    outbox.append(new Uint8Array(100 * 1024));
    outbox.append(new Uint8Array(100 * 1024));
    outbox.ending = true;
  });
  host.turn();
  t.deepEqual(lasts, [false, false, true]);
  t.is(owner.ended, 1);
  outbox.attach(owner, 2);
  host.turn(() => {
    outbox.appendText('another stream');
  });
  t.deepEqual(lasts, [false, false, true, false]);
});

test('that more follows is said of the next batch alone', (t) => {
  const { host, port, outbox, owner } = setUp();
  const mores: boolean[] = [];
  const submit = port.submit.bind(port);
  port.submit = (operation) => {
    submit(operation);
    if (operation.kind === 'send') mores.push(operation.more);
  };
  port.sendsAtOnce = true;
  for (const text of ['a head', 'another one']) {
    host.turn(() => {
      outbox.appendText(text);
      outbox.more = text === 'a head';
    });
  }
  t.deepEqual(mores, [true, false]);
  outbox.more = true;
  outbox.attach(owner, 2);
  host.turn(() => {
    outbox.appendText('another stream');
  });
  t.deepEqual(mores, [true, false, false]);
});

test('texts are joined up to 16 KiB, and one byte more is another piece', (t) => {
  const { host, port, outbox } = setUp();
  port.sendsAtOnce = true;
  outbox.appendText('a'.repeat(16 * 1024 - 1));
  outbox.appendText('b');
  outbox.appendText('c');
  host.turn();
  t.deepEqual(port.pieces, [2]);
  t.is(port.batches[0]?.length, 16 * 1024 + 1);
});

test('nothing to append queues nothing', (t) => {
  const { host, port, outbox } = setUp();
  t.true(outbox.appendText(''));
  t.true(outbox.append(new Uint8Array(0)));
  t.true(outbox.appendCopy(new Uint8Array(4), 2, 2));
  host.turn();
  t.is(port.pending.length, 0);
});

test('copies are joined in a chunk, and cross into the next', (t) => {
  const { host, port, outbox, copy, pool } = setUp(8);
  port.sendsAtOnce = true;
  for (const text of ['abc', 'def', 'ghijklmnopq']) copy(text);
  t.is(pool.lent, 3);
  t.is(outbox.queuedBytes, 17);
  host.turn();
  t.deepEqual(port.batches, ['abcdefghijklmnopq']);
  t.deepEqual(port.pieces, [3]);
  t.is(pool.lent, 0);
});

test('copies, texts and buffers keep their order, whatever is joined', (t) => {
  const { host, port, outbox, copy, pool } = setUp(8);
  port.sendsAtOnce = true;
  copy('1');
  outbox.appendText('2');
  copy('3');
  copy('4');
  outbox.append(Buffer.from('5'));
  copy('6');
  host.turn();
  t.deepEqual(port.batches, ['123456']);
  t.is(pool.lent, 0);
});

test('a copy is not joined to a batch that is in flight', (t) => {
  const { host, port, copy } = setUp();
  copy('first');
  host.turn();
  const inFlight = port.oldest('send') as SendOperation;
  copy('second');
  host.turn();
  t.is(inFlight.count, 1);
  t.is(Buffer.from(inFlight.pieces[0] as Uint8Array).toString(), 'first');
  t.is(port.pending.length, 1, 'at most one batch is in flight');
  port.end('send', 'done');
  host.turn();
  port.end('send', 'done');
  host.turn();
  t.deepEqual(port.batches, ['first', 'second']);
});

test('3000 buffers go out in three batches of at most 1024 pieces, in order', (t) => {
  const { host, port, outbox } = setUp();
  port.sendsAtOnce = true;
  let expected = '';
  for (let i = 0; i < 3000; i += 1) {
    outbox.append(Buffer.from(`${i},`));
    expected += `${i},`;
  }
  host.settle();
  t.deepEqual(port.pieces, [1024, 1024, 952]);
  t.is(port.batches.join(''), expected);
  t.is(outbox.queuedBytes, 0);
});

test('a batch keeps no buffer alive once it was sent', (t) => {
  const { host, port, outbox } = setUp();
  port.sendsAtOnce = true;
  for (let i = 0; i < 3000; i += 1) outbox.append(Uint8Array.of(i & 255));
  let arrays: unknown[][] = [];
  const { submit } = FakeProactor.prototype;
  port.submit = (operation) => {
    if (operation.kind === 'send') arrays = [...new Set([...arrays, operation.pieces])];
    submit.call(port, operation);
  };
  host.settle();
  t.is(arrays.length, 2);
  for (const array of arrays) t.true(array.every((piece) => piece === ''));
});

test('a batch is 128 KiB at first, and grows while the kernel takes all of it at once', (t) => {
  const { host, port, outbox } = setUp();
  port.sendsAtOnce = true;
  for (let i = 0; i < 64; i += 1) outbox.append(new Uint8Array(16 * 1024));
  host.settle();
  t.deepEqual(port.pieces, [8, 16, 32, 8]);
});

test('a batch does not grow while the kernel takes longer than a turn', (t) => {
  const { host, port, outbox } = setUp();
  for (let i = 0; i < 24; i += 1) outbox.append(new Uint8Array(16 * 1024));
  host.turn();
  for (let i = 0; i < 3; i += 1) host.turn(() => port.end('send', 'done'));
  t.deepEqual(port.pieces, [8, 8, 8]);
});

test('a piece larger than a batch goes out alone', (t) => {
  const { host, port, outbox } = setUp();
  port.sendsAtOnce = true;
  outbox.append(new Uint8Array(300 * 1024));
  outbox.append(new Uint8Array(1));
  host.settle();
  t.deepEqual(port.pieces, [1, 1]);
});

test('the level is high above 64 KiB, not at it, and told once', (t) => {
  const { outbox, owner } = setUp();
  outbox.append(new Uint8Array(HIGH_BYTES));
  t.is(outbox.level, 'open');
  outbox.append(new Uint8Array(1));
  t.is(outbox.level, 'high');
  outbox.append(new Uint8Array(1));
  t.deepEqual(owner.levels, ['high']);
});

test('the level is open again at 32 KiB, not above, and told once', (t) => {
  const { host, port, outbox, owner } = setUp();
  outbox.append(new Uint8Array(HIGH_BYTES));
  host.turn();
  outbox.append(new Uint8Array(LOW_BYTES));
  outbox.append(new Uint8Array(1));
  t.deepEqual(owner.levels, ['high']);
  host.turn(() => port.end('send', 'done'));
  t.is(outbox.queuedBytes, LOW_BYTES + 1);
  t.deepEqual(owner.levels, ['high']);
  host.turn(() => port.end('send', 'done'));
  t.deepEqual(owner.levels, ['high', 'open']);

  outbox.append(new Uint8Array(HIGH_BYTES));
  host.turn();
  outbox.append(new Uint8Array(LOW_BYTES));
  host.turn(() => port.end('send', 'done'));
  t.is(outbox.queuedBytes, LOW_BYTES);
  t.deepEqual(owner.levels, ['high', 'open', 'high', 'open']);
});

test('1 MiB may be queued; what would exceed it is refused whole, in every form', (t) => {
  const { outbox, copy, pool } = setUp();
  t.true(outbox.append(new Uint8Array(FULL_BYTES - 2)));
  t.true(outbox.appendText('xy'));
  t.is(outbox.queuedBytes, FULL_BYTES);
  t.false(outbox.appendText('x'));
  t.false(outbox.append(new Uint8Array(1)));
  t.false(copy('x'));
  t.is(outbox.queuedBytes, FULL_BYTES);
  t.is(pool.lent, 0);
});

test('what is in flight counts against the limit', (t) => {
  const { host, port, outbox } = setUp();
  outbox.append(new Uint8Array(FULL_BYTES));
  host.turn();
  t.true(outbox.inFlight);
  t.false(outbox.append(new Uint8Array(1)));
  host.turn(() => port.end('send', 'done'));
  t.true(outbox.append(new Uint8Array(FULL_BYTES)));
});

test('nested corks hold everything back until the outer one is left', (t) => {
  const { host, port, outbox } = setUp();
  port.sendsAtOnce = true;
  {
    using _outer = outbox.cork();
    {
      using _inner = outbox.cork();
      outbox.appendText('a');
    }
    host.turn();
    outbox.appendText('b');
    host.turn();
    t.deepEqual(port.batches, []);
  }
  host.turn();
  t.deepEqual(port.batches, ['ab']);
});

test('a cork that a throw disposes lets the bytes go; disposing it twice is harmless', (t) => {
  const { host, port, outbox } = setUp();
  port.sendsAtOnce = true;
  const cork = outbox.cork();
  t.throws(() => {
    using _cork = cork;
    outbox.appendText('a');
    throw new Error('thrown');
  });
  cork[Symbol.dispose]();
  host.turn();
  t.deepEqual(port.batches, ['a']);
});

test('endless streaming through copies needs no more than a few chunks', (t) => {
  const { host, port, copy, pool, outbox } = setUp(64);
  for (let i = 0; i < 1000; i += 1) {
    copy('x'.repeat(48));
    host.turn();
    t.true(pool.lent <= 5, `${pool.lent} chunks at ${i}`);
    if (i % 2 === 1) host.turn(() => port.end('send', 'done'));
  }
  while (port.oldest('send')) host.turn(() => port.end('send', 'done'));
  t.is(port.batches.join('').length, 48_000);
  t.is(outbox.queuedBytes, 0);
  t.is(pool.lent, 0);
});

test('a send that fails breaks the outbox: told once, the rest dropped, nothing more taken', (t) => {
  const { host, port, outbox, owner, copy, pool } = setUp();
  copy('in flight');
  host.turn();
  copy('behind');
  host.turn(() => port.end('send', 'failed', { fault: ownFault('reset', 'send') }));
  t.deepEqual(owner.broken, ['failed']);
  t.is(outbox.queuedBytes, 0);
  t.is(pool.lent, 0);
  t.false(outbox.appendText('more'));
  t.true(host.settle());
  t.is(port.pending.length, 0);
  t.is(owner.drained, 0);
});

test('discard drops what is queued, and cancels what is in flight', (t) => {
  const { host, port, outbox, owner, copy, pool } = setUp();
  copy('in flight');
  host.turn();
  copy('behind');
  outbox.discard();
  host.turn();
  t.is(port.pending.length, 0);
  t.is(pool.lent, 0);
  t.is(outbox.queuedBytes, 0);
  t.deepEqual([owner.broken, owner.drained], [[], 0], 'its owner knows');
});

test('discard that comes too late for the batch in flight still drops the rest', (t) => {
  const { host, port, outbox, owner, copy, pool } = setUp();
  copy('in flight');
  host.turn();
  copy('behind');
  port.end('send', 'done');
  outbox.discard();
  host.turn();
  t.true(host.settle());
  t.deepEqual(port.batches, ['in flight']);
  t.is(pool.lent, 0);
  t.is(outbox.queuedBytes, 0);
  t.is(owner.drained, 0);
});

test('an owner may append as soon as the level is open', (t) => {
  const { host, port, outbox, owner } = setUp();
  owner.onOpen = () => void outbox.appendText('again');
  outbox.append(new Uint8Array(HIGH_BYTES + 1));
  host.turn();
  host.turn(() => port.end('send', 'done'));
  host.turn(() => port.end('send', 'done'));
  t.is(port.batches[1], 'again');
  t.is(owner.drained, 1, 'the outbox had something to send when it opened');
});

test('each batch has its own deadline, and none when the limit is taken away', (t) => {
  const { host, port, outbox } = setUp();
  host.now = 1000;
  outbox.sendTimeoutMs = 50;
  outbox.appendText('a');
  host.turn();
  t.is(port.oldest('send')?.deadlineMs, 1050);
  host.turn(() => port.end('send', 'done'));
  outbox.sendTimeoutMs = 0;
  outbox.appendText('b');
  host.turn();
  t.is(port.oldest('send')?.deadlineMs, 0);
});

test('a chunk of another pool is sent where it is, and goes back once it is sent', (t) => {
  const { host, port, outbox } = setUp();
  port.sendsAtOnce = true;
  const large = new BufferPool(1024, 1);
  const chunk = large.take();
  chunk.fill(0x61);
  t.true(outbox.appendCopy(new Uint8Array(4), 0, 4));
  t.true(outbox.appendChunk(large, chunk, 10, 20));
  t.true(outbox.appendCopy(new Uint8Array(4), 0, 4), 'a copy behind it is a piece of its own');
  t.is(outbox.queuedBytes, 18);
  host.turn();
  t.is(large.lent, 0);
  t.is(large.idle, 1);
  t.deepEqual(port.pieces, [3]);
  t.is(port.batches[0], `\0\0\0\0${'a'.repeat(10)}\0\0\0\0`);
});

test('a chunk that is refused goes back at once', (t) => {
  const { outbox } = setUp();
  const large = new BufferPool(FULL_BYTES, 1);
  t.true(outbox.append(new Uint8Array(1)));
  t.false(outbox.appendChunk(large, large.take(), 0, FULL_BYTES));
  t.is(large.lent, 0);
  t.is(outbox.queuedBytes, 1);
});

test('an outbox serves another stream once nothing is queued, and is as good as new', (t) => {
  const { host, port, outbox, owner } = setUp();
  outbox.appendText('x'.repeat(HIGH_BYTES + 1));
  host.turn();
  port.end('send', 'failed');
  host.turn();
  t.true(outbox.broken);
  const next = new Owner();
  outbox.attach(next, 2);
  t.is(outbox.socket, 2);
  outbox.appendText('x'.repeat(HIGH_BYTES + 1));
  t.deepEqual(next.levels, ['high']);
  host.turn();
  t.is(port.oldest('send')?.socket, 2);
  port.end('send', 'done');
  host.turn();
  t.is(next.drained, 1);
  t.is(owner.drained, 0);
  t.deepEqual(owner.levels, ['high']);
});

test('an outbox that has something to send is not given to another stream', (t) => {
  const { host, port, outbox, owner } = setUp();
  outbox.appendText('a');
  t.throws(() => outbox.attach(owner, 2), { message: 'an outbox in use' });
  host.turn();
  t.throws(() => outbox.attach(owner, 2), { message: 'an outbox in use' });
  host.turn(() => port.end('send', 'done'));
  t.notThrows(() => outbox.attach(owner, 2));
});
