import { ownFault } from '../../src/core/fault.ts';
import type { Operation } from '../../src/core/operation.ts';
import { ACCEPTS_WAITING_MAX, connect, IoError, listen, type Stream } from '../../src/net/index.ts';
import { rule } from './worlds.ts';

rule('accepts get connections in the order in which they came', async (t, w) => {
  await using listener = await listen(w.port, w.any);
  const accepts = [listener.accept(), listener.accept()];
  const clients: Stream[] = [];
  for (let i = 0; i < 2; i += 1) clients.push(await connect(w.port, listener.endpoint));
  const servers = await Promise.all(accepts);
  t.deepEqual(
    servers.map(({ remote }) => remote),
    clients.map(({ local }) => local),
  );
  await Promise.all([...clients, ...servers].map((stream) => stream.close()));
});

rule('an accept that is aborted or expires takes no connection', async (t, w) => {
  await using listener = await listen(w.port, w.any);
  const controller = new AbortController();
  const accept = listener.accept({ signal: controller.signal });
  const reason = new Error('enough');
  controller.abort(reason);
  t.is(await t.throwsAsync(accept), reason);
  await t.throwsAsync(listener.accept({ timeoutMs: 5 }), { instanceOf: IoError, code: 'expired' });
  const [client, server] = await Promise.all([
    connect(w.port, listener.endpoint),
    listener.accept(),
  ]);
  t.deepEqual(server.remote, client.local);
  await Promise.all([client.close(), server.close()]);
});

rule(
  'iteration ends when the listener is closed, and a waiting accept is cancelled',
  async (t, w) => {
    const listener = await listen(w.port, w.any);
    const streams: Stream[] = [];
    const iteration = (async () => {
      for await (const stream of listener) streams.push(stream);
    })();
    const client = await connect(w.port, listener.endpoint);
    await client.send('x');
    await client.flush();
    while (streams.length === 0) await client.peek({ timeoutMs: 5 }).catch(() => {});
    const accept = listener.accept();
    const closing = listener.close();
    await t.throwsAsync(accept, { instanceOf: IoError, code: 'cancelled' });
    await iteration;
    await closing;
    t.is(streams.length, 1);
    await Promise.all([client.close(), ...streams.map((stream) => stream.close())]);
  },
);

rule('1024 accepts may wait, and one more ends with limit', async (t, w) => {
  const listener = await listen(w.port, w.any);
  const accepts = Array.from({ length: ACCEPTS_WAITING_MAX }, () => listener.accept());
  await t.throwsAsync(listener.accept(), { instanceOf: IoError, code: 'limit' });
  const closing = listener.close();
  for (const result of await Promise.allSettled(accepts)) t.is(result.status, 'rejected');
  await closing;
});

rule('an address in use is a fault that names it', async (t, w) => {
  await using listener = await listen(w.port, w.any);
  const error = await t.throwsAsync(listen(w.port, listener.endpoint), {
    instanceOf: IoError,
    code: 'addressInUse',
  });
  t.regex(error?.message ?? '', new RegExp(`:${listener.endpoint.port}$`));
});

rule('text that is no address is refused before any system call', async (t, w) => {
  await t.throwsAsync(listen(w.port, 'localhost:80'), { instanceOf: IoError, code: 'badAddress' });
  await t.throwsAsync(connect(w.port, '::1'), { instanceOf: IoError, code: 'badAddress' });
});

for (const code of ['reset', 'fileDescriptors'] as const) {
  rule(`iteration goes on after an accept that failed with ${code}`, async (t, w) => {
    const listener = await listen(w.port, w.any);
    let faults = 1;
    const { submit } = w.port;
    w.port.submit = (operation: Operation) => {
      if (operation.kind !== 'accept' || faults === 0) return submit.call(w.port, operation);
      faults -= 1;
      operation.fault = ownFault(code, 'accept');
      operation.status = 'pending';
      w.port.loop.completeSoon(operation, 'failed');
    };
    const client = await connect(w.port, listener.endpoint);
    for await (const server of listener) {
      t.deepEqual(server.remote, client.local);
      await Promise.all([server.close(), client.close()]);
      break;
    }
    t.is(listener.acceptFaults, 1);
    await listener.close();
  });
}
