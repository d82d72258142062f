import assert from 'node:assert/strict';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { UdpOpenOperation } from '../../../src/core/operation.ts';
import type { Kit } from '../../conformance/kit.ts';
import { deaf } from '../../conformance/notices.ts';
import type { Rules } from '../../conformance/run.ts';

type Family = 'ipv4' | 'ipv6';

/** A socket connected to a port where nobody is, and a notice that waits. */
async function warned(kit: Kit, family: Family): Promise<UdpOpenOperation> {
  const local = kit.site.loopback(family);
  const nobody = await deaf(kit, family);
  const open = await kit.ends(kit.udpOpen({ local, remote: nobody.bound as Endpoint }), 'done');
  await kit.ends(kit.udpSend(open.socket, 'anybody?'), 'done');
  await kit.settle();
  return open;
}

function familyRules(family: Family): Rules {
  return {
    [`a notice is told to the send behind it, once (${family})`]: async (kit) => {
      const { socket } = await warned(kit, family);
      const told = await kit.ends(kit.udpSend(socket, 'now?'), 'icmp');
      assert.equal(told.fault?.native.code, 'ECONNREFUSED');
      await kit.ends(kit.udpSend(socket, 'now?'), 'done');
    },

    [`a notice is told to the receive behind it, once (${family})`]: async (kit) => {
      const { socket } = await warned(kit, family);
      await kit.ends(kit.udpRecv(socket), 'icmp');
      const recv = kit.udpRecv(socket);
      await kit.settle();
      assert.equal(recv.status, 'pending');
    },

    [`an unconnected socket hears no notices, as the port says (${family})`]: async (kit) => {
      assert.equal(kit.port.capabilities.icmp, 'connected');
      const local = kit.site.loopback(family);
      const nobody = await deaf(kit, family);
      const open = await kit.ends(kit.udpOpen({ local }), 'done');
      const recv = kit.udpRecv(open.socket);
      for (let i = 0; i < 3; i += 1) {
        await kit.ends(kit.udpSend(open.socket, 'anybody?', nobody.bound as Endpoint), 'done');
        await kit.settle();
      }
      assert.equal(recv.status, 'pending');
    },

    [`a cut datagram says its true size, empty and full buffers too (${family})`]: async (kit) => {
      const local = kit.site.loopback(family);
      const a = await kit.ends(kit.udpOpen({ local }), 'done');
      const b = await kit.ends(kit.udpOpen({ local }), 'done');
      const sizes = [0, 4, 10];
      for (const room of sizes) {
        await kit.ends(kit.udpSend(a.socket, 'four', b.bound as Endpoint), 'done');
        assert.equal((await kit.ends(kit.udpPeek(b.socket), 'done')).size, 4);
        const recv = await kit.ends(kit.udpRecv(b.socket, { into: new Uint8Array(room) }), 'done');
        assert.deepEqual([recv.bytes, recv.size, recv.truncated], [Math.min(room, 4), 4, room < 4]);
        assert.deepEqual(recv.from, a.bound);
      }
    },
  };
}

/** What the adapters to Linux promise about datagrams, beyond what every adapter does. */
export const datagramRules: Rules = {
  ...familyRules('ipv4'),
  ...familyRules('ipv6'),
  'a datagram to an address that is none fails, and so does one to two': async (kit) => {
    const { socket, bound } = await kit.ends(kit.udpOpen(), 'done');
    const to = bound as Endpoint;
    for (const bad of [
      { ...to, port: 70_000 },
      { ...to, address: 'nowhere' },
    ]) {
      await kit.fails(kit.udpSend(socket, 'x', bad), 'badArgument');
    }
    const connected = await kit.ends(kit.udpOpen({ remote: to }), 'done');
    await kit.fails(kit.udpSend(connected.socket, 'x', to), 'badArgument');
    await kit.ends(kit.udpSend(connected.socket, 'one', undefined), 'done');
    assert.equal(kit.text(await kit.ends(kit.udpRecv(socket), 'done')), 'one');
  },
};
