import test from 'ava';
import { SimProactor, SimWorld } from '../../../adapters/sim/index.ts';
import { timerOperation } from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { orderAddresses } from '../../../src/dns/system/address-order.ts';
import {
  SOURCE_MS,
  SOURCE_WAITING_MAX,
  SourceAddresses,
} from '../../../src/dns/system/source-addresses.ts';
import { rule } from '../../net/worlds.ts';

/** Until then on the port's clock. */
function at(port: ProactorPort, atMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = timerOperation(() => resolve());
    timer.atMs = atMs;
    port.submit(timer);
  });
}

const BOTH = ['192.0.2.9', '2001:db8::9'];

function known(sources: SourceAddresses, addresses: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    if (sources.ready(addresses, resolve)) resolve();
  });
}

rule('the source of a loopback address is learnt without a packet', async (t, { port }) => {
  const sources = new SourceAddresses(port);
  let asked = false;
  t.false(
    sources.ready(['127.0.0.1', '::1'], () => {}),
    'not inside the call',
  );
  await known(sources, ['127.0.0.1', '::1']).then(() => {
    asked = true;
  });
  t.true(asked);
  t.is(sources.sourceOf('127.0.0.1'), '127.0.0.1');
  t.is(sources.sourceOf('127.9.9.9'), '127.0.0.1', 'one of its kind stands for all');
  t.is(sources.sourceOf('192.0.2.1'), undefined, 'of another kind nothing is known');
  t.true(sources.ready(['127.0.0.1', '::1'], () => t.fail('no wait')));
  sources.close();
});

test('a family without an address of its own is no way, and comes last', async (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.host('only4', '192.0.2.1'));
  const sources = new SourceAddresses(port);
  await world.drive(known(sources, BOTH));
  t.is(sources.sourceOf('2001:db8::9'), null);
  t.deepEqual(orderAddresses([...BOTH].reverse(), sources.sourceOf), BOTH);
  t.is(port.openSockets, 0);
});

test('a machine of both families goes by IPv6 first', async (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.host('both', '192.0.2.1', '2001:db8::1'));
  const sources = new SourceAddresses(port);
  await world.drive(known(sources, BOTH));
  t.deepEqual(orderAddresses(BOTH, sources.sourceOf), [...BOTH].reverse());
});

rule('IPv4 addresses alone, and a single address, ask for no source', async (t, { port }) => {
  const sources = new SourceAddresses(port);
  t.true(sources.ready(['192.0.2.1', '198.51.100.1'], () => t.fail('no wait')));
  t.true(sources.ready(['2001:db8::1'], () => t.fail('no wait')));
  t.true(sources.ready([], () => t.fail('no wait')));
  t.is(port.openSockets, 0);
});

test('a source is looked at anew after 10 s, and nobody waits for that', async (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.host('both', '192.0.2.1', '2001:db8::1'));
  const sources = new SourceAddresses(port);
  await world.drive(known(sources, BOTH));
  const learntMs = port.loop.nowMs();
  await world.drive(at(port, learntMs + SOURCE_MS - 1));
  t.true(sources.ready(BOTH, () => t.fail('no wait')));
  t.is(port.openSockets, 0);
  await world.drive(at(port, learntMs + SOURCE_MS));
  t.true(sources.ready(BOTH, () => t.fail('no wait')));
  t.is(port.openSockets, 2);
  await world.drive(at(port, learntMs + SOURCE_MS + 10));
  t.is(port.openSockets, 0);
});

rule('closing tells who waits, and leaves no socket', async (t, { port }) => {
  const sources = new SourceAddresses(port);
  const waiting = known(sources, ['127.0.0.1', '::1']);
  sources.close();
  await waiting;
  t.true(
    sources.ready(BOTH, () => t.fail('no wait')),
    'afterwards nothing is learnt',
  );
});

rule('callers wait up to the bound, and one more orders without sources', async (t, { port }) => {
  const sources = new SourceAddresses(port);
  let told = 0;
  const wait = () =>
    sources.ready(['127.0.0.1', '::1'], () => {
      told += 1;
    });
  for (let i = 1; i < SOURCE_WAITING_MAX; i += 1) wait();
  const last = known(sources, ['127.0.0.1', '::1']);
  t.true(wait(), 'one more');
  t.is(told, 0, 'nobody inside the call');
  await last;
  t.is(told, SOURCE_WAITING_MAX - 1);
  sources.close();
});
