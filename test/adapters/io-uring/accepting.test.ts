import assert from 'node:assert/strict';
import { SLOTS } from '../../../adapters/io-uring/accept-slots.ts';
import {
  IORING_OFF_SQES,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_NOP,
} from '../../../adapters/io-uring/constants.ts';
import type { UringPort } from '../../../adapters/io-uring/uring-port.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Kit } from '../../conformance/kit.ts';
import { plainClient } from '../linux/plain-client.ts';
import { type Override, uringRule } from './uring-rule.ts';

const ENTRY_BYTES = 64;

const requests = (kit: Kit): number => (kit.port.inner as UringPort).inFlight;

uringRule(
  'each posted accept has a request, 64 at most, and all are served in order',
  async (kit) => {
    const { socket, bound } = await kit.listening();
    const accepts = Array.from({ length: SLOTS + 1 }, () => kit.accept(socket));
    await kit.site.step();
    assert.equal(requests(kit), SLOTS);
    const clients = accepts.map(() => plainClient(bound as Endpoint));
    for (const [i, accept] of accepts.entries()) {
      await kit.ends(accept, 'done');
      clients[i]?.say('x');
      assert.equal(await kit.hear(accept.accepted, 1), 'x');
    }
    assert.equal(requests(kit), 0, 'nobody is taken whom nobody wants');
    for (const client of clients) client.close();
  },
);

uringRule('connections that come together are taken in one turn', async (kit) => {
  const { socket, bound } = await kit.listening();
  const clients = Array.from({ length: 8 }, () => plainClient(bound as Endpoint));
  const turns = new Set<number>();
  const accepts = clients.map(() =>
    kit.accept(socket, { onComplete: () => turns.add(kit.port.loop.turn) }),
  );
  for (const accept of accepts) await kit.ends(accept, 'done');
  assert.equal(turns.size, 1);
  for (const client of clients) client.close();
});

uringRule(
  'a withdrawn accept asks for its request’s end, and the others keep theirs',
  async (kit) => {
    const { socket, bound } = await kit.listening();
    const [first, second, third] = [kit.accept(socket), kit.accept(socket), kit.accept(socket)];
    await kit.site.step();
    kit.cancel(second);
    await kit.ends(second, 'cancelled');
    await kit.settle();
    assert.equal(requests(kit), 2);
    const clients = [plainClient(bound as Endpoint), plainClient(bound as Endpoint)];
    await kit.ends(first, 'done');
    await kit.ends(third, 'done');
    for (const client of clients) client.close();
  },
);

/** The first cancellation comes too late: the kernel is asked for nothing instead. */
const tooLate: Override = ({ map, ringEnter }) => {
  let late = false;
  let entries = new Uint8Array(0);
  return {
    map(fd, bytes, offset) {
      const mapping = map(fd, bytes, offset);
      if (mapping !== undefined && offset === IORING_OFF_SQES) {
        entries = new Uint8Array(mapping.buffer);
      }
      return mapping;
    },
    ringEnter(ring, count, flags) {
      for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
        if (entries[at] !== IORING_OP_ASYNC_CANCEL || late) continue;
        late = true;
        entries[at] = IORING_OP_NOP;
        entries.fill(0, at + 16, at + 32);
      }
      return ringEnter(ring, count, flags);
    },
  };
};

uringRule(
  'a connection that comes for a withdrawn accept is that accept’s',
  async (kit) => {
    const { socket, bound } = await kit.listening();
    const withdrawn = kit.accept(socket);
    await kit.site.step();
    kit.cancel(withdrawn);
    const client = plainClient(bound as Endpoint);
    await kit.ends(withdrawn, 'done');
    client.say('x');
    assert.equal(await kit.hear(withdrawn.accepted, 1), 'x');
    assert.equal(kit.port.remoteEndpoint(withdrawn.accepted)?.address, '127.0.0.1');
    assert.equal(kit.port.counters.acceptsShed, 0);
    assert.equal(requests(kit), 0);
    client.close();
  },
  { override: tooLate },
);

uringRule(
  'connections are served in the order of the accepts, where one of those is withdrawn',
  async (kit) => {
    const { socket, bound } = await kit.listening();
    const [withdrawn, next] = [kit.accept(socket), kit.accept(socket)];
    await kit.site.step();
    kit.cancel(withdrawn);
    const clients = [plainClient(bound as Endpoint), plainClient(bound as Endpoint)];
    await kit.ends(withdrawn, 'done');
    await kit.ends(next, 'done');
    for (const [i, { accepted }] of [withdrawn, next].entries()) {
      clients[i]?.say('x');
      assert.equal(await kit.hear(accepted, 1), 'x');
    }
    for (const client of clients) client.close();
  },
  { override: tooLate },
);

for (const withdraws of [true, false]) {
  const which = withdraws ? 'a withdrawn' : 'a posted';
  uringRule(
    `a connection that comes for ${which} accept while its listener closes is served`,
    async (kit) => {
      const { socket, bound } = await kit.listening();
      const accept = kit.accept(socket);
      await kit.site.step();
      if (withdraws) kit.cancel(accept);
      const close = kit.close(socket);
      const client = plainClient(bound as Endpoint);
      await kit.ends(accept, 'done');
      await kit.ends(close, 'done');
      client.say('x');
      assert.equal(await kit.hear(accept.accepted, 1), 'x');
      assert.equal(kit.port.counters.acceptsShed, 0);
      client.close();
    },
    { override: tooLate },
  );
}

uringRule(
  'a connection that comes while a listener is reset is shed, and counted',
  async (kit) => {
    const { socket, bound } = await kit.listening();
    const accept = kit.accept(socket);
    await kit.site.step();
    const close = kit.close(socket, { how: 'reset' });
    const client = plainClient(bound as Endpoint);
    await kit.ends(accept, 'cancelled');
    await kit.ends(close, 'done');
    assert.equal(kit.port.counters.acceptsShed, 1);
    client.close();
  },
  { override: tooLate },
);

uringRule(
  'a connection whose wake-up goes to a cancelled request is not left for nobody',
  async (kit) => {
    const { socket, bound } = await kit.listening();
    const accept = kit.accept(socket);
    await kit.site.step();
    kit.cancel(accept);
    const client = plainClient(bound as Endpoint); // The kernel is not entered before.
    await kit.ends(accept, 'done');
    client.say('x');
    assert.equal(await kit.hear(accept.accepted, 1), 'x');
    client.close();
  },
);
