import { networkInterfaces } from 'node:os';
import test from 'ava';
import { encodeAddress } from '../../../adapters/linux/socket-address.ts';
import type { UdpOpenOperation } from '../../../src/core/operation.ts';
import { udpOpenOperation } from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { closed } from '../../net/worlds.ts';
import { REAL_PORTS } from '../../support/real-ports.ts';

const OPEN_MS = 5_000;

/** An own link-local address: what is sent to it does not leave this machine. */
const own = Object.entries(networkInterfaces())
  .flatMap(([name, addresses = []]) => addresses.map((one) => ({ name, ...one })))
  .find(({ scopeid = 0 }) => scopeid > 0);

function opened(port: ProactorPort, address: string): Promise<UdpOpenOperation> {
  return new Promise((resolve) => {
    const open = udpOpenOperation({ family: 'ipv6', address: '::', port: 0 }, resolve);
    open.remote = { family: 'ipv6', address, port: 53 };
    open.deadlineMs = port.loop.nowMs() + OPEN_MS;
    port.submit(open);
  });
}

for (const [name, openPort] of Object.entries(REAL_PORTS)) {
  test(`a zone names the interface to send from (${name})`, async (t) => {
    if (own === undefined) {
      t.log('skipped: no interface here has a link-local address');
      t.pass();
      return;
    }
    const port = openPort();
    const open = await opened(port, `${own.address}%${own.name}`);
    t.is(open.status, 'done');
    t.is(open.bound?.address.split('%')[0], own.address);
    await closed(port);
  });

  test(`a zone that there is not is a wrong argument, told at once (${name})`, async (t) => {
    const port = openPort();
    const open = await opened(port, 'fe80::1%nowhere');
    t.is(open.status, 'failed');
    t.is(open.fault?.code, 'badArgument');
    await closed(port);
  });
}

test('a zone may be a number', (t) => {
  const encoded = encodeAddress({ family: 'ipv6', address: 'fe80::1%4294967295', port: 53 });
  t.is(encoded?.readUInt32LE(24), 4_294_967_295);
  t.is(encodeAddress({ family: 'ipv6', address: 'fe80::1%4294967296', port: 53 }), undefined);
});
