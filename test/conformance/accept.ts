import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { NO_SOCKET } from '../../src/core/operation.ts';
import type { Rules } from './run.ts';

/** Its title, since fixtures run it apart from the others. */
export const DESCRIPTORS_RULE: string =
  'out of descriptors: what needs one fails or waits, and the listener survives';

/** What every port promises about listening and accepting. */
export const acceptRules: Rules = {
  'a listener says where it listens, on a port that is not 0': async (kit) => {
    const listen = kit.listen();
    assert.notEqual(listen.socket, NO_SOCKET, 'the number is known from submit on');
    await kit.ends(listen, 'done');
    const bound = listen.bound as Endpoint;
    assert.equal(bound.family, 'ipv4');
    assert.equal(bound.address, kit.site.loopback('ipv4').address);
    assert.ok(bound.port > 0);
    assert.deepEqual(kit.port.localEndpoint(listen.socket), bound);
  },

  'an accept before the connect gets the connection': async (kit) => {
    const { socket, bound } = await kit.listening();
    const accept = kit.accept(socket);
    await kit.settle();
    assert.equal(accept.status, 'pending');
    const connect = await kit.ends(kit.connect(bound as Endpoint), 'done');
    await kit.ends(accept, 'done');
    const local = kit.port.localEndpoint(connect.socket);
    assert.deepEqual(kit.port.remoteEndpoint(accept.accepted), local);
    assert.deepEqual(kit.port.localEndpoint(accept.accepted), bound);
  },

  'an accept after the connect gets the connection': async (kit) => {
    const { socket, bound } = await kit.listening();
    const connect = await kit.ends(kit.connect(bound as Endpoint), 'done');
    await kit.settle();
    const accept = await kit.ends(kit.accept(socket), 'done');
    const pair = { listener: socket, bound: bound as Endpoint, server: accept.accepted };
    await kit.talks({ ...pair, client: connect.socket });
  },

  'more connects than accepts: the accepts are served in order, the others wait': async (kit) => {
    const { socket, bound } = await kit.listening();
    const accepts = [kit.accept(socket), kit.accept(socket), kit.accept(socket)];
    const locals: (Endpoint | undefined)[] = [];
    for (let i = 0; i < 5; i += 1) {
      const connect = await kit.ends(kit.connect(bound as Endpoint), 'done');
      locals.push(kit.port.localEndpoint(connect.socket));
      await kit.settle(); // One at a time: what is accepted first came first.
    }
    for (const accept of accepts) await kit.ends(accept, 'done');
    for (let i = 0; i < 2; i += 1) accepts.push(await kit.ends(kit.accept(socket), 'done'));
    const remotes = accepts.map(({ accepted }) => kit.port.remoteEndpoint(accepted)?.port);
    assert.deepEqual(
      remotes,
      locals.map((local) => local?.port),
    );
  },

  'connections beyond the backlog wait outside or are shed, and what is shed is counted': async (
    kit,
  ) => {
    const { socket, bound } = await kit.listening({ backlog: 4 });
    const deadlineMs = kit.nowMs() + 60;
    const connects = Array.from({ length: 12 }, () =>
      kit.connect(bound as Endpoint, { deadlineMs }),
    );
    for (const connect of connects) await kit.ends(connect, 'done', 'expired');
    await kit.settle();
    const open = connects.filter(({ status }) => status === 'done');
    const recvs = open.map((connect) => kit.recv(connect.socket));
    await kit.settle();
    const shed = recvs.filter(({ status }) => status === 'failed').length;
    // A simulated kernel counts the knocks that it ignores, too.
    assert.ok(kit.port.counters.acceptsShed >= shed, 'what is shed is counted');
    const roomMax = 4 + 1 + 1; // Linux: one more.
    assert.ok(open.length - shed <= roomMax, `${open.length - shed} wait`);
    let accepted = 0;
    for (;;) {
      const accept = kit.accept(socket, { deadlineMs: kit.nowMs() + 60 });
      if ((await kit.ends(accept, 'done', 'expired')).status === 'expired') break;
      accepted += 1;
    }
    // One that the deadline met on its way may be accepted, too, and then be found gone.
    const late = connects.filter(({ status }) => status === 'expired').length;
    const acceptedMax = Math.min(open.length - shed + late, roomMax);
    assert.ok(accepted > 0 && accepted <= acceptedMax, `${accepted} of ${acceptedMax}`);
    await kit.talks(await kit.pairOn(socket, bound as Endpoint));
  },

  'a cancelled accept takes no connection': async (kit) => {
    const { socket, bound } = await kit.listening();
    const accept = kit.accept(socket);
    kit.cancel(accept);
    assert.equal(accept.status, 'pending', 'nothing may complete inside the call');
    await kit.ends(accept, 'cancelled');
    await kit.talks(await kit.pairOn(socket, bound as Endpoint));
  },

  'an accept whose deadline passes is expired, and the next one works': async (kit) => {
    const { socket, bound } = await kit.listening();
    const deadlineMs = kit.nowMs() + 20;
    const accept = await kit.ends(kit.accept(socket, { deadlineMs }), 'expired');
    assert.ok(kit.nowMs() >= deadlineMs);
    assert.equal(accept.fault, undefined);
    await kit.talks(await kit.pairOn(socket, bound as Endpoint));
  },

  'a listener closed with accepts pending cancels them, then completes': async (kit) => {
    const { socket, bound } = await kit.listening();
    const accepts = [kit.accept(socket), kit.accept(socket)];
    const close = kit.close(socket);
    await kit.ends(close, 'done');
    for (const accept of accepts) assert.equal(accept.status, 'cancelled');
    assert.equal(kit.port.openSockets, 0);
    await kit.fails(kit.accept(socket), 'closed');
    await kit.fails(kit.connect(bound as Endpoint), 'refused');
  },

  'connections that nobody accepted are reset when the listener closes': async (kit) => {
    const { socket, bound } = await kit.listening();
    const connect = await kit.ends(kit.connect(bound as Endpoint), 'done');
    await kit.settle();
    await kit.ends(kit.close(socket), 'done');
    await kit.fails(kit.recv(connect.socket), 'reset');
    assert.equal(kit.port.openSockets, 1);
  },

  'a peer that resets before the accept does not hurt the listener': async (kit) => {
    const { socket, bound } = await kit.listening();
    const connect = await kit.ends(kit.connect(bound as Endpoint), 'done');
    await kit.ends(kit.close(connect.socket, { how: 'reset' }), 'done');
    await kit.settle();
    // A system hands out the dead connection, or skips it; the next one is whole in any case.
    const first = kit.accept(socket);
    await kit.settle();
    if (first.status === 'done') {
      await kit.fails(kit.recv(first.accepted), 'reset');
      await kit.talks(await kit.pairOn(socket, bound as Endpoint));
      return;
    }
    const next = await kit.ends(kit.connect(bound as Endpoint), 'done');
    await kit.ends(first, 'done');
    const pair = { listener: socket, bound: bound as Endpoint, server: first.accepted };
    await kit.talks({ ...pair, client: next.socket });
  },

  'a second listener on the same port fails as addressInUse and leaves no socket': async (kit) => {
    const { bound } = await kit.listening();
    await kit.fails(kit.listen({ endpoint: bound as Endpoint }), 'addressInUse');
    assert.equal(kit.port.openSockets, 1);
  },

  'listeners share a port where the system can, and only when both say so': async (kit) => {
    if (!kit.port.capabilities.reusePort) {
      await kit.fails(kit.listen({ reusePort: true }), 'unsupported');
      return;
    }
    const { bound } = await kit.listening({ reusePort: true });
    await kit.listening({ reusePort: true, endpoint: bound as Endpoint });
    await kit.fails(kit.listen({ endpoint: bound as Endpoint }), 'addressInUse');
  },

  'a listener on an address that is not ours fails as addressNotAvailable': async (kit) => {
    const endpoint: Endpoint = { family: 'ipv4', address: '198.51.100.7', port: 0 };
    await kit.fails(kit.listen({ endpoint }), 'addressNotAvailable');
    assert.equal(kit.port.openSockets, 0);
  },

  [DESCRIPTORS_RULE]: async (kit) => {
    const { exhaust } = kit.site;
    assert.ok(exhaust, 'the fixture can exhaust descriptors, or skips this rule with a reason');
    const { socket, bound } = await kit.listening();
    let relieve = exhaust(0);
    const failed = await kit.ends(kit.connect(bound as Endpoint), 'failed');
    assert.equal(failed.fault?.code, 'fileDescriptors');
    assert.equal(failed.fault?.class, 'exhausted');
    relieve();
    relieve = exhaust(1);
    const accept = kit.accept(socket);
    const connect = await kit.ends(kit.connect(bound as Endpoint), 'done');
    await kit.settle();
    relieve();
    // A port says so, or sheds the connection, or waits: the next accept works in any case.
    if (accept.status === 'failed') {
      assert.equal(accept.fault?.code, 'fileDescriptors');
      kit.submit(accept);
    }
    await kit.settle();
    if (accept.status === 'pending') {
      await kit.ends(kit.recv(connect.socket), 'failed', 'eof'); // libuv sheds with FIN.
      await kit.ends(kit.connect(bound as Endpoint), 'done');
    }
    await kit.ends(accept, 'done');
  },
};
