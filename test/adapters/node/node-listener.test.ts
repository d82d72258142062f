import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test from 'ava';
import { nodePort } from '../../../adapters/node/index.ts';
import { ACCEPTED_MAX } from '../../../adapters/node/node-listener.ts';
import { listen } from '../../../src/net/index.ts';

const AT_ONCE = 64;

test(`${ACCEPTED_MAX} connections wait to be accepted, and one more is reset and counted`, async (t) => {
  t.timeout(20_000, 'the extra connection has not been reset');
  const port = nodePort();
  const listener = await listen(port, { family: 'ipv4', address: '127.0.0.1', port: 0 });
  const clients: Socket[] = [];
  const resets: Socket[] = [];
  const dial = (): Socket => {
    const client = connect(listener.endpoint.port, '127.0.0.1');
    client.on('error', () => resets.push(client));
    clients.push(client);
    return client;
  };
  t.teardown(() => {
    for (const client of clients) client.destroy();
  });
  while (clients.length < ACCEPTED_MAX) {
    const count = Math.min(AT_ONCE, ACCEPTED_MAX - clients.length);
    await Promise.all(Array.from({ length: count }, () => once(dial(), 'connect')));
  }
  while (port.openSockets < ACCEPTED_MAX + 1) await new Promise(setImmediate);
  t.is(port.counters.acceptsShed, 0, 'at the bound all wait');

  const last = dial();
  await new Promise((resolve) => last.once('close', resolve));
  t.deepEqual(resets, [last]);
  t.is(port.counters.acceptsShed, 1);
  t.is(port.openSockets, ACCEPTED_MAX + 1, 'those that wait, and the listener');

  await listener.accept();
  const next = dial();
  await once(next, 'connect');
  while (port.openSockets < ACCEPTED_MAX + 2) await new Promise(setImmediate);
  t.is(port.counters.acceptsShed, 1, 'an accept makes room for one');
  t.false(next.destroyed);

  await new Promise<void>((resolve) => port.close(resolve));
  t.is(port.openSockets, 0);
});
