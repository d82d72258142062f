import { InvariantError } from '../../src/core/invariant-error.ts';
import { FULL_BYTES, HIGH_BYTES, LOW_BYTES } from '../../src/core/outbox/water-marks.ts';
import { connect, IoError, listen, poolOf, SENDS_WAITING_MAX } from '../../src/net/index.ts';
import { fill, pair, rule, textOf, textOfBytes } from './worlds.ts';

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('latin1');

rule(
  'what is sent is received, both ways, and the end is undefined again and again',
  async (t, w) => {
    const [a, b] = await pair(w);
    await a.send('question');
    t.is(await textOfBytes(b, 8), 'question');
    await b.send(Buffer.from('answer'));
    t.is(await textOfBytes(a, 6), 'answer');
    await a.shutdown();
    t.is(await b.recv(), undefined);
    t.is(await b.recv(), undefined);
    t.is(await b.recvInto([Buffer.alloc(1)]), 0);
    t.is(await b.peek(), undefined);
    await b.send('still');
    t.is(await textOfBytes(a, 5), 'still');
    await Promise.all([a.close(), b.close()]);
  },
);

rule('a stream knows its ends, also after it was closed', async (t, w) => {
  const listener = await listen(w.port, w.any);
  t.not(listener.endpoint.port, 0);
  const [a, b] = await Promise.all([connect(w.port, listener.endpoint), listener.accept()]);
  await Promise.all([a.close(), b.close(), listener.close()]);
  t.deepEqual(a.remote, listener.endpoint);
  t.deepEqual(b.local, listener.endpoint);
  t.deepEqual(b.remote, a.local);
});

rule('text goes out as UTF-8', async (t, w) => {
  const [a, b] = await pair(w);
  await a.send('é');
  t.is(await textOfBytes(b, 2), '\xc3\xa9');
  await Promise.all([a.close(), b.close()]);
});

rule('a chunk that was received stays as it was while more is received', async (t, w) => {
  const [a, b] = await pair(w);
  await a.send('first');
  const first = await b.recv();
  await a.send('other');
  t.is(await textOfBytes(b, 5), 'other');
  t.is(text(first), 'first');
  await Promise.all([a.close(), b.close()]);
});

rule('a buffer may be written again as soon as its send has ended', async (t, w) => {
  const [a, b] = await pair(w);
  const buffer = Buffer.from('first');
  await a.send(buffer);
  buffer.fill('x');
  t.is(await textOfBytes(b, 5), 'first');
  await Promise.all([a.close(), b.close()]);
});

rule('recvInto fills its buffers in turn and waits for minBytes', async (t, w) => {
  const [a, b] = await pair(w);
  const buffers = [Buffer.alloc(3), Buffer.alloc(3), Buffer.alloc(3)];
  const received = b.recvInto(buffers, { minBytes: 7 });
  for (const part of ['ab', 'cde', 'fgh']) {
    await a.send(part);
    await a.flush();
  }
  t.true((await received) >= 7);
  t.is(buffers.map(String).join('').slice(0, 7), 'abcdefg');
  await a.close({ how: 'reset' });
  await b.close({ how: 'reset' });
});

rule('recvInto ends with fewer than minBytes at the end of the stream', async (t, w) => {
  const [a, b] = await pair(w);
  const buffer = Buffer.alloc(8);
  const received = b.recvInto([buffer], { minBytes: 8 });
  await a.send('abc');
  await a.shutdown();
  t.is(await received, 3);
  t.is(buffer.toString('latin1', 0, 3), 'abc');
  await Promise.all([a.close(), b.close()]);
});

rule('recvInto refuses a minBytes that its buffers cannot hold', async (t, w) => {
  const [a, b] = await pair(w);
  for (const minBytes of [0, 5]) {
    await t.throwsAsync(b.recvInto([Buffer.alloc(4)], { minBytes }), { instanceOf: RangeError });
  }
  await Promise.all([a.close(), b.close()]);
});

rule('a peek shows what waits and consumes nothing', async (t, w) => {
  const [a, b] = await pair(w);
  const peeked = b.peek({ wantBytes: 2 });
  await a.send('PROXY');
  t.is(text(await peeked), 'PR'.slice(0, text(await peeked).length));
  t.not(text(await peeked), '');
  t.is((await b.peek())?.length, 0, 'without wantBytes only the wait is wanted');
  t.is(await textOfBytes(b, 5), 'PROXY');
  await Promise.all([a.close(), b.close()]);
});

rule(
  'a receive that is aborted rejects with the reason, and what comes later is read',
  async (t, w) => {
    const [a, b] = await pair(w);
    const controller = new AbortController();
    const reason = new Error('enough');
    const received = b.recv({ signal: controller.signal });
    controller.abort(reason);
    t.is(await t.throwsAsync(received), reason);
    await a.send('later');
    t.is(await textOfBytes(b, 5), 'later');
    await Promise.all([a.close(), b.close()]);
  },
);

rule('what a scatter had got when it was given up is still readable, in order', async (t, w) => {
  const [a, b] = await pair(w);
  const buffer = Buffer.alloc(8);
  await a.send('abc');
  await t.throwsAsync(b.recvInto([buffer], { minBytes: 8, timeoutMs: 60 }), {
    instanceOf: IoError,
    code: 'expired',
  });
  t.is(text(await b.peek({ wantBytes: 8 })), 'abc');
  await a.send('def');
  const controller = new AbortController();
  const second = b.recvInto([buffer], { minBytes: 8, signal: controller.signal });
  await t.throwsAsync(b.recv(), { instanceOf: InvariantError }, 'a stream has one reader');
  const reason = new Error('enough');
  controller.abort(reason);
  t.is(await t.throwsAsync(second), reason);
  await a.send('gh');
  t.is(await textOfBytes(b, 8), 'abcdefgh');
  await Promise.all([a.close(), b.close()]);
});

rule('a wait whose signal has aborted already submits nothing', async (t, w) => {
  const [a, b] = await pair(w);
  const signal = AbortSignal.abort('no');
  const open = w.port.openSockets;
  const submitted: string[] = [];
  const { submit } = w.port;
  w.port.submit = (operation) => {
    submitted.push(operation.kind);
    submit.call(w.port, operation);
  };
  const refused = [
    connect(w.port, a.remote ?? w.any, { signal }),
    listen(w.port, w.any, { signal }),
    a.recv({ signal }),
    a.recvInto([Buffer.alloc(1)], { signal }),
    a.peek({ signal }),
    a.send('x', { signal }),
    a.flush({ signal }),
  ];
  for (const promise of refused) {
    const reason = await promise.then(
      () => 'done',
      (error: unknown) => error,
    );
    t.is(reason, 'no');
  }
  t.deepEqual(submitted, []);
  t.is(w.port.openSockets, open);
  w.port.submit = submit;
  await Promise.all([a.close(), b.close()]);
});

rule('a receive ends as expired at its deadline, and the stream goes on', async (t, w) => {
  const [a, b] = await pair(w);
  await t.throwsAsync(b.recv({ timeoutMs: 5 }), { instanceOf: IoError, code: 'expired' });
  const deadlineMs = w.port.loop.nowMs() + 5;
  await t.throwsAsync(b.peek({ deadlineMs }), { instanceOf: IoError, code: 'expired' });
  await a.send('x');
  t.is(text(await b.recv()), 'x');
  await Promise.all([a.close(), b.close()]);
});

rule('a connection that is refused says by whom', async (t, w) => {
  const listener = await listen(w.port, w.any);
  await listener.close();
  const error = await t.throwsAsync(connect(w.port, listener.endpoint), {
    instanceOf: IoError,
    code: 'refused',
  });
  t.regex(error?.message ?? '', new RegExp(`:${listener.endpoint.port}$`));
  t.is(error?.fault?.class, 'peer');
});

rule('a send to a peer that does not read waits above the high mark', async (t, w) => {
  const [a, b] = await pair(w);
  const chunk = Buffer.alloc(HIGH_BYTES / 2, 'x');
  const { sent, waiting } = await fill(w, a, chunk);
  t.true(a.queuedBytes > LOW_BYTES, 'it waits for the low mark');
  t.true(a.queuedBytes <= HIGH_BYTES + chunk.length);
  const all = textOf(b);
  await waiting;
  const closing = a.close();
  t.is((await all).length, sent);
  await Promise.all([closing, b.close()]);
});

rule('a message larger than the outbox takes goes out whole and in order', async (t, w) => {
  const [a, b] = await pair(w);
  const large = Buffer.alloc(FULL_BYTES + 1, 'l');
  const sent = [a.send('<'), a.send(large), a.send('>')];
  const all = textOf(b);
  await Promise.all(sent);
  await a.shutdown();
  t.is(await all, `<${large.toString('latin1')}>`);
  await Promise.all([a.close(), b.close()]);
});

rule(
  'a message that began goes out whole when its send is aborted, others not at all',
  async (t, w) => {
    const [a, b] = await pair(w);
    const controller = new AbortController();
    const { signal } = controller;
    const large = Buffer.alloc(8 * FULL_BYTES, 'l');
    const began = a.send(large, { signal });
    const behind = a.send('never', { signal });
    const reason = new Error('enough');
    controller.abort(reason);
    t.is(await t.throwsAsync(began), reason);
    t.is(await t.throwsAsync(behind), reason);
    large.fill('x');
    const all = textOf(b);
    await a.send('.');
    await a.shutdown();
    const received = await all;
    t.is(received.length, large.length + 1);
    t.is(received.indexOf('x'), -1);
    t.true(received.endsWith('l.'));
    await Promise.all([a.close(), b.close()]);
  },
);

rule('1024 sends may wait, and one more ends with limit', async (t, w) => {
  const [a, b] = await pair(w);
  const sends = [a.send(Buffer.alloc(8 * FULL_BYTES))];
  for (let i = 1; i < SENDS_WAITING_MAX; i += 1) sends.push(a.send('.'));
  await t.throwsAsync(a.send('.'), { instanceOf: IoError, code: 'limit' });
  const all = textOf(b);
  await Promise.all(sends);
  await a.shutdown();
  t.is((await all).length, 8 * FULL_BYTES + SENDS_WAITING_MAX - 1);
  await Promise.all([a.close(), b.close()]);
});

rule('after shutdown a send is refused', async (t, w) => {
  const [a, b] = await pair(w);
  await a.shutdown();
  await t.throwsAsync(a.send('x'), { instanceOf: IoError, code: 'brokenPipe' });
  await Promise.all([a.close(), b.close()]);
});

rule('a close delivers what was sent before it', async (t, w) => {
  const [a, b] = await pair(w);
  const sent = Buffer.alloc(FULL_BYTES, 'x');
  const sending = a.send(sent);
  const closing = a.close();
  t.is((await textOf(b)).length, sent.length);
  await Promise.all([sending, closing, b.close()]);
});

rule('a close that could not deliver says so, once', async (t, w) => {
  const [a, b] = await pair(w);
  const sending = a.send(Buffer.alloc(8 * FULL_BYTES));
  const closing = a.close({ lingerMs: 30 });
  const error = await t.throwsAsync(closing, { instanceOf: IoError });
  t.is(error?.code, 'expired');
  await t.throwsAsync(sending, { instanceOf: IoError, code: 'cancelled' });
  await b.close({ how: 'reset' });
});

rule('a reset drops what is unsent, also what a close still wanted to deliver', async (t, w) => {
  const [a, b] = await pair(w);
  const sending = a.send(Buffer.alloc(8 * FULL_BYTES));
  const graceful = a.close();
  await a.close({ how: 'reset' });
  await graceful;
  await t.throwsAsync(sending, { instanceOf: IoError, code: 'cancelled' });
  await b.close({ how: 'reset' });
});

rule('a peer that waits is told of a reset', async (t, w) => {
  const [a, b] = await pair(w);
  await a.send('x');
  t.is(text(await b.recv()), 'x');
  const received = b.recv();
  await a.close({ how: 'reset' });
  await t.throwsAsync(received, { instanceOf: IoError, code: 'reset' });
  await b.close();
});

rule('a receive that waits ends as cancelled when its stream is closed', async (t, w) => {
  const [a, b] = await pair(w);
  const received = b.recv();
  const closing = b.close({ how: 'reset' });
  await t.throwsAsync(received, { instanceOf: IoError, code: 'cancelled' });
  await closing;
  await t.throwsAsync(b.recv(), { instanceOf: IoError, code: 'closed' });
  await a.close();
});

rule('leaving a loop over chunks leaves the stream open', async (t, w) => {
  const [a, b] = await pair(w);
  await a.send('head');
  for await (const chunk of b) {
    t.is(text(chunk), 'head');
    break;
  }
  await a.send('body');
  t.is(text(await b.recv()), 'body');
  await Promise.all([a.close(), b.close()]);
});

rule('await using closes a stream', async (t, w) => {
  const [a, b] = await pair(w);
  const end = b.recv();
  {
    await using scoped = a;
    await scoped.send('');
    t.is(w.port.openSockets, 2);
    const peer = end.then(() => b.close());
    void peer;
  }
  t.is(await end, undefined);
  await b.close();
});

rule('corked sends leave together when the scope ends', async (t, w) => {
  const [a, b] = await pair(w);
  {
    using _ = a.cork();
    await a.send('one ');
    await a.send('two');
    await t.throwsAsync(b.recv({ timeoutMs: 20 }), { instanceOf: IoError, code: 'expired' });
  }
  t.is(text(await b.recv()), 'one two');
  await Promise.all([a.close(), b.close()]);
});

rule(
  'a send or flush that waits too long ends as expired, and the stream goes on',
  async (t, w) => {
    const [a, b] = await pair(w);
    const large = Buffer.alloc(8 * FULL_BYTES, 'l');
    const expired = { instanceOf: IoError, code: 'expired' } as const;
    await t.throwsAsync(a.send(large, { timeoutMs: 50 }), expired);
    await t.throwsAsync(a.send('never', { timeoutMs: 5 }), expired);
    await t.throwsAsync(a.flush({ timeoutMs: 5 }), expired);
    const all = textOf(b);
    await a.send('.');
    await a.shutdown();
    t.is(
      (await all).length,
      large.length + 1,
      'what began is whole, and what did not is not there',
    );
    await Promise.all([a.close(), b.close()]);
  },
);

rule('a buffer that is given away is sent without a copy', async (t, w) => {
  const [a, b] = await pair(w);
  const sent = Buffer.alloc(100_000, 'x');
  const received = textOfBytes(b, sent.length);
  await a.send(sent, { owned: true });
  t.is(poolOf(w.port).lent, 0);
  t.is(await received, sent.toString());
  await Promise.all([a.close(), b.close()]);
});

rule('a connection may be opened from a chosen address, over IPv6 too', async (t, w) => {
  const listener = await listen(w.port, '[::1]:0');
  const opened = connect(w.port, listener.endpoint, { local: '::1' });
  const [a, b] = await Promise.all([opened, listener.accept()]);
  t.is(b.remote?.address, '::1');
  t.not(a.local?.port, 0);
  await Promise.all([a.close(), b.close(), listener.close()]);
});

rule('a port that is closed ends what waits, and closing again is no failure', async (t, w) => {
  const [a, b] = await pair(w);
  const listener = await listen(w.port, w.any);
  const waiting = [a.recv(), listener.accept(), a.send(Buffer.alloc(8 * FULL_BYTES)), b.peek()];
  w.port.close();
  for (const wait of waiting) await t.throwsAsync<IoError>(wait, { instanceOf: IoError });
  await Promise.all([a.close(), b.close(), listener.close()]);
});
