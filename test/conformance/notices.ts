import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { UdpOpenOperation } from '../../src/core/operation.ts';
import { backlog, ends } from './datagrams.ts';
import type { Kit } from './kit.ts';
import type { Rules } from './run.ts';

/**
 * A port where nobody hears us: its socket hears a peer alone that never speaks (RFC 863), and
 * keeps the port as long as it is open. One that was merely closed might be another test's by now.
 */
export async function deaf(kit: Kit, family: 'ipv4' | 'ipv6' = 'ipv4'): Promise<UdpOpenOperation> {
  const local = kit.site.loopback(family);
  return kit.ends(kit.udpOpen({ local, remote: { ...local, port: 9 } }), 'done');
}

/** A socket connected to a port where nobody hears it until `leave`, after which it is free. */
async function toNobody(kit: Kit): Promise<UdpOpenOperation & { leave(): Promise<unknown> }> {
  const keeper = await deaf(kit);
  const own = await kit.ends(kit.udpOpen({ remote: keeper.bound as Endpoint }), 'done');
  return { ...own, leave: () => kit.ends(kit.close(keeper.socket), 'done') };
}

/** What every port promises about notices of the network (ICMP, RFC 792) on datagram sockets. */
export const noticeRules: Rules = {
  'a connected socket hears that nobody is there, and goes on working': async (kit) => {
    const { socket, bound, leave } = await toNobody(kit);
    const remote = kit.port.remoteEndpoint(socket) as Endpoint;
    const recv = kit.udpRecv(socket);
    await kit.ends(kit.udpSend(socket, 'anybody?'), 'done');
    if (kit.port.capabilities.icmp === 'none') {
      await kit.settle();
      assert.equal(recv.status, 'pending');
    } else {
      await kit.ends(recv, 'icmp');
      assert.equal(recv.fault?.code, 'refused');
      kit.submit(recv);
    }
    await leave();
    const late = await kit.ends(kit.udpOpen({ local: remote }), 'done');
    await kit.ends(kit.udpSend(late.socket, 'I am', bound as Endpoint), 'done');
    await kit.ends(recv, 'done');
    assert.equal(kit.text(recv), 'I am');
  },

  'a peek reports the notice and consumes it': async (kit) => {
    if (kit.port.capabilities.icmp === 'none') return;
    const { socket } = await toNobody(kit);
    const peek = kit.udpPeek(socket);
    await kit.ends(kit.udpSend(socket, 'anybody?'), 'done');
    await kit.ends(peek, 'icmp');
    assert.equal(peek.fault?.code, 'refused');
    const recv = kit.udpRecv(socket);
    await kit.settle();
    assert.equal(recv.status, 'pending');
  },

  'a notice that nobody heard is told once at most, by a send or by a receive': async (kit) => {
    const { socket, leave } = await toNobody(kit);
    await kit.ends(kit.udpSend(socket, 'anybody?'), 'done');
    await kit.settle();
    const remote = kit.port.remoteEndpoint(socket) as Endpoint;
    await leave();
    const late = await kit.ends(kit.udpOpen({ local: remote }), 'done');
    const notices: string[] = [];
    for (let i = 0; i < 2; i += 1) {
      const send = await kit.ends(kit.udpSend(socket, 'now?'), 'done', 'icmp');
      const recv = kit.udpRecv(socket, { deadlineMs: kit.nowMs() + 15 });
      await kit.ends(recv, 'icmp', 'expired');
      for (const { kind, status } of [send, recv]) if (status === 'icmp') notices.push(kind);
    }
    assert.ok(notices.length <= 1, `told by ${notices}`);
    const heard = await backlog(kit, late.socket);
    assert.equal(heard.length, notices[0] === 'udpSend' ? 1 : 2, 'a send that tells sends nothing');
  },

  'an unconnected socket goes on working when nobody is there': async (kit) => {
    const nobody = await deaf(kit);
    const { a, b, toA } = await ends(kit);
    const recv = kit.udpRecv(a);
    await kit.ends(kit.udpSend(a, 'anybody?', nobody.bound as Endpoint), 'done');
    await kit.settle();
    if (recv.status !== 'pending') {
      assert.equal(kit.port.capabilities.icmp, 'all', 'only a port that says so tells');
      assert.equal(recv.status, 'icmp');
      kit.submit(recv);
    }
    await kit.ends(kit.udpSend(b, 'I am', toA), 'done');
    await kit.ends(recv, 'done');
    assert.equal(kit.text(recv), 'I am');
  },
};
