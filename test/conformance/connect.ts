import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { NO_SOCKET } from '../../src/core/operation.ts';
import { connectOperation } from '../../src/core/operations.ts';
import type { Kit } from './kit.ts';
import type { Rules } from './run.ts';

/** A port on which nobody listens any more. */
async function nobodyAt(kit: Kit, family: 'ipv4' | 'ipv6' = 'ipv4'): Promise<Endpoint> {
  const { socket, bound } = await kit.listening({ endpoint: kit.site.loopback(family) });
  await kit.ends(kit.close(socket), 'done');
  return bound as Endpoint;
}

/** What every port promises about connecting. */
export const connectRules: Rules = {
  'a connect to a listener is done, and both ends know each other': async (kit) => {
    const { listener, bound, client, server } = await kit.pair();
    assert.deepEqual(kit.port.remoteEndpoint(client), bound);
    assert.deepEqual(kit.port.localEndpoint(server), bound);
    assert.deepEqual(kit.port.remoteEndpoint(server), kit.port.localEndpoint(client));
    await kit.talks({ listener, bound, client, server });
  },

  'connections work over IPv6': async (kit) => {
    const pair = await kit.pair(kit, 'ipv6');
    assert.equal(kit.port.remoteEndpoint(pair.client)?.family, 'ipv6');
    await kit.talks(pair);
  },

  'the socket of a connect has its number from submit on': async (kit) => {
    const { bound } = await kit.listening();
    const connect = kit.connect(bound as Endpoint);
    assert.notEqual(connect.socket, NO_SOCKET);
    assert.equal(kit.port.openSockets, 2, 'it counts while it is being opened');
    await kit.ends(connect, 'done');
  },

  'a connect to a port where nobody listens is refused and leaves no socket': async (kit) => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const connect = await kit.fails(kit.connect(await nobodyAt(kit, family)), 'refused');
      assert.equal(connect.fault?.class, 'peer');
      assert.equal(connect.fault?.advice, 'next-peer');
      assert.equal(kit.port.openSockets, 0);
      assert.equal(kit.port.remoteEndpoint(connect.socket), undefined);
    }
  },

  'a connect where no route leads fails as unreachable': async (kit) => {
    const connect = await kit.fails(kit.connect(kit.site.unreachable), 'unreachable');
    assert.equal(connect.fault?.class, 'path');
    assert.equal(kit.port.openSockets, 0);
  },

  'a connect goes out from the local address it names, in both families': async (kit) => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const local = kit.site.loopback(family);
      const { socket, bound } = await kit.listening({ endpoint: local });
      const accept = kit.accept(socket);
      const connect = await kit.ends(kit.connect(bound as Endpoint, { local }), 'done');
      await kit.ends(accept, 'done');
      const own = kit.port.localEndpoint(connect.socket);
      assert.equal(own?.address, local.address);
      assert.ok((own?.port ?? 0) > 0);
      assert.deepEqual(kit.port.remoteEndpoint(accept.accepted), own);
    }
  },

  'a local address that is not ours fails as addressNotAvailable': async (kit) => {
    const { bound } = await kit.listening();
    const local: Endpoint = { family: 'ipv4', address: '198.51.100.7', port: 0 };
    await kit.fails(kit.connect(bound as Endpoint, { local }), 'addressNotAvailable');
    assert.equal(kit.port.openSockets, 1);
  },

  'a local address of the other family is the mistake of the caller': async (kit) => {
    const { bound } = await kit.listening();
    const local = kit.site.loopback('ipv6');
    const connect = kit.connect(bound as Endpoint, { local });
    await kit.fails(connect, 'badArgument', 'addressNotAvailable');
    assert.equal(connect.fault?.advice, 'fix-caller');
    assert.equal(kit.port.openSockets, 1);
  },

  'a connect that nobody answers expires at its deadline': async (kit) => {
    const endpoint = await kit.site.silent();
    const deadlineMs = kit.nowMs() + 30;
    await kit.ends(kit.connect(endpoint, { deadlineMs }), 'expired');
    assert.ok(kit.nowMs() >= deadlineMs);
    await kit.until(() => kit.port.openSockets === 0, 'the end of its socket');
  },

  'a deadline that is met does not end the connection later': async (kit) => {
    for (let tries = 0; tries < 10; tries += 1) {
      const { socket, bound } = await kit.listening();
      const accept = kit.accept(socket);
      const deadlineMs = kit.nowMs() + 200;
      const connect = kit.connect(bound as Endpoint, { deadlineMs });
      await kit.ends(connect, 'done', 'expired');
      if (connect.status === 'expired') continue; // A busy machine was that late.
      await kit.ends(accept, 'done');
      await kit.elapse(250);
      const pair = { listener: socket, bound: bound as Endpoint, server: accept.accepted };
      await kit.talks({ ...pair, client: connect.socket });
      return;
    }
    assert.fail('no connect was in time');
  },

  'cancelling an operation that was never submitted does nothing': async (kit) => {
    const { bound } = await kit.listening();
    const connect = connectOperation(bound as Endpoint, () => assert.fail('it completed'));
    kit.cancel(connect);
    await kit.settle();
    assert.equal(connect.status, 'idle');
    assert.equal(kit.port.openSockets, 1);
  },

  'a connect cancelled at once leaves no socket, even if the network answers': async (kit) => {
    const { bound } = await kit.listening();
    const connect = kit.connect(bound as Endpoint);
    kit.cancel(connect);
    assert.equal(connect.status, 'pending', 'nothing may complete inside the call');
    await kit.ends(connect, 'cancelled');
    await kit.settle();
    assert.equal(kit.port.openSockets, 1, 'a late success opens nothing');
    assert.equal(kit.port.remoteEndpoint(connect.socket), undefined);
  },

  'a connect cancelled while it waits is cancelled and leaves no socket': async (kit) => {
    const connect = kit.connect(await kit.site.silent());
    await kit.settle();
    assert.equal(connect.status, 'pending');
    kit.cancel(connect);
    kit.cancel(connect);
    await kit.ends(connect, 'cancelled');
    await kit.until(() => kit.port.openSockets === 0, 'the end of its socket');
  },

  'a cancel after the connect leaves the connection alone': async (kit) => {
    const { socket, bound } = await kit.listening();
    const accept = kit.accept(socket);
    const connect = await kit.ends(kit.connect(bound as Endpoint), 'done');
    kit.cancel(connect);
    await kit.ends(accept, 'done');
    await kit.settle();
    assert.equal(connect.status, 'done');
    const pair = { listener: socket, bound: bound as Endpoint, server: accept.accepted };
    await kit.talks({ ...pair, client: connect.socket });
  },

  'a connection that is accepted and reset at once is seen as reset': async (kit) => {
    const { socket, bound } = await kit.listening();
    const accept = kit.accept(socket);
    const connect = kit.connect(bound as Endpoint);
    await kit.ends(accept, 'done');
    await kit.ends(kit.close(accept.accepted, { how: 'reset' }), 'done');
    await kit.ended(connect);
    if (connect.status === 'done') await kit.fails(kit.recv(connect.socket), 'reset');
    else assert.equal(connect.fault?.code, 'reset');
  },

  'one connect operation serves many connections in turn': async (kit) => {
    const { socket, bound } = await kit.listening();
    const connect = connectOperation(bound as Endpoint, () => {});
    const seen = new Set<number>();
    for (let i = 0; i < 5; i += 1) {
      const accept = kit.accept(socket);
      await kit.ends(kit.submit(connect), 'done');
      await kit.ends(accept, 'done');
      assert.ok(!seen.has(connect.socket), 'a number is not used again so soon');
      seen.add(connect.socket);
      await kit.ends(kit.close(connect.socket, { how: 'reset' }), 'done');
      await kit.ends(kit.close(accept.accepted, { how: 'reset' }), 'done');
    }
    assert.equal(kit.port.openSockets, 1);
  },
};
