import { IoError, openUdp, UDP_WAITING_MAX } from '../../src/net/index.ts';
import { rule, within } from './worlds.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

rule('datagrams keep their bounds and say from where they are', async (t, w) => {
  await using a = await openUdp(w.port, w.any);
  await using b = await openUdp(w.port, w.any);
  for (const data of ['one', '', 'three']) await a.send(Buffer.from(data), b.endpoint);
  const got = [await b.recv(), await b.recv(), await b.recv()];
  t.deepEqual(
    got.map(({ data }) => text(data)),
    ['one', '', 'three'],
  );
  t.deepEqual(
    got.map(({ size, truncated }) => [size, truncated]),
    [
      [3, false],
      [0, false],
      [5, false],
    ],
  );
  for (const { from } of got) t.deepEqual(from, a.endpoint);
});

rule('a peek says how large the next datagram is and leaves it', async (t, w) => {
  await using a = await openUdp(w.port, w.any);
  await using b = await openUdp(w.port, w.any, { remote: a.endpoint });
  const size = a.peek();
  await b.send(Buffer.from('query'));
  t.is(await size, 5);
  t.is(await a.peek(), 5);
  const { data, from } = await a.recv();
  t.is(text(data), 'query');
  t.deepEqual(from, b.endpoint);
  t.false(
    await within(
      w,
      a.peek({ timeoutMs: 30 }).catch(() => new Promise(() => {})),
      60,
    ),
  );
});

rule('a datagram receive that is aborted loses no datagram', async (t, w) => {
  await using a = await openUdp(w.port, w.any);
  await using b = await openUdp(w.port, w.any);
  const controller = new AbortController();
  const received = b.recv({ signal: controller.signal });
  const reason = new Error('enough');
  controller.abort(reason);
  t.is(await t.throwsAsync(received), reason);
  await t.throwsAsync(b.recv({ timeoutMs: 5 }), { instanceOf: IoError, code: 'expired' });
  await t.throwsAsync(b.recv({ signal: AbortSignal.abort(reason) }), { is: reason });
  await a.send(Buffer.from('x'), b.endpoint);
  t.is(text((await b.recv()).data), 'x');
});

rule('an ICMP notice is an error for one call, and iteration passes over it', async (t, w) => {
  // Nobody hears `b` there, and nobody else gets the port meanwhile: it hears another peer alone.
  const gone = await openUdp(w.port, w.any, { remote: { ...w.any, port: 9 } });
  await using b = await openUdp(w.port, w.any, { remote: gone.endpoint });
  await b.send(Buffer.from('anybody?'));
  await t.throwsAsync(b.recv({ timeoutMs: 5_000 }), { instanceOf: IoError, code: 'refused' });
  t.is(b.notices, 1);
  await b.send(Buffer.from('anybody?'));
  await gone.close();
  await using back = await openUdp(w.port, gone.endpoint);
  const iteration = (async () => {
    for await (const { data } of b) return text(data);
    return undefined;
  })();
  const answer = async (): Promise<void> => {
    await back.send(Buffer.from('me'), b.endpoint);
  };
  await answer();
  t.is(await iteration, 'me');
});

rule('iteration over datagrams ends when the socket is closed', async (t, w) => {
  const b = await openUdp(w.port, w.any);
  const iteration = (async () => {
    for await (const _ of b) t.fail('nobody sent anything');
  })();
  const received = b.recv();
  await b.close();
  await t.throwsAsync(received, { instanceOf: IoError, code: 'cancelled' });
  await iteration;
});

rule('1024 receives may wait, and one more ends with limit', async (t, w) => {
  const b = await openUdp(w.port, w.any);
  const receives = Array.from({ length: UDP_WAITING_MAX }, () => b.recv());
  await t.throwsAsync(b.recv(), { instanceOf: IoError, code: 'limit' });
  const settled = Promise.allSettled(receives);
  await b.close();
  for (const { status } of await settled) t.is(status, 'rejected');
});
