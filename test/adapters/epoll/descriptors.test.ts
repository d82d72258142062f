import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EPOLL_CTL_ADD,
  EPOLLEXCLUSIVE,
  F_DUPFD_CLOEXEC,
} from '../../../adapters/linux/constants.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { SocketId } from '../../../src/core/operation.ts';
import type { Kit } from '../../conformance/kit.ts';
import { counted, epollRule, real } from './epoll-rule.ts';

const ENOSPC = 28;
const CONNECTIONS = 100;

/** How often each epoll descriptor was asked, and answered. */
const waits = new Map<number, number>();
/** Registrations that the kernel still refuses, of those that are exclusive. */
let refusals = 0;

const counting = (): Partial<typeof real> => ({
  epollWait(epoll, events, count, timeoutMs) {
    waits.set(epoll, (waits.get(epoll) ?? 0) + 1);
    return real.epollWait(epoll, events, count, timeoutMs);
  },
});

async function detached(kit: Kit, socket: SocketId): Promise<number> {
  return (await kit.ends(kit.close(socket, { how: 'detach' }), 'done')).descriptor;
}

function duplicate(descriptor: number): number {
  const other = counted.fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  assert.ok(other >= 0);
  return other;
}

/** A listener that two ports share: `kit`'s, and that of the answer. */
async function shared(
  kit: Kit,
  balance: 'none' | 'exclusive',
): Promise<{ other: Kit; here: SocketId; there: SocketId; bound: Endpoint }> {
  const { socket, bound } = await kit.listening();
  const descriptor = await detached(kit, socket);
  const other = kit.beside();
  const second = duplicate(descriptor);
  const there = await other.ends(other.adopt(second, 'listener', { balance }), 'done');
  const here = await kit.ends(kit.adopt(descriptor, 'listener', { balance }), 'done');
  return { other, here: here.socket, there: there.socket, bound: bound as Endpoint };
}

async function serve(kit: Kit, listener: SocketId, bound: Endpoint): Promise<void> {
  for (let i = 0; i < CONNECTIONS; i += 1) {
    const { client, server } = await kit.pairOn(listener, bound);
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
  }
}

/** Lets every port have its turns, then counts those of the busiest and of the idlest. */
async function turns(kit: Kit, run: () => Promise<void>): Promise<readonly [number, number]> {
  await kit.settle();
  waits.clear();
  await run();
  await kit.settle();
  const counts = [...waits.values()].sort((a, b) => b - a);
  return [counts[0] ?? 0, counts[1] ?? 0];
}

epollRule(
  'a port that accepts nothing is not woken for an exclusive listener that it shares',
  async (kit) => {
    const { other, here, there, bound } = await shared(kit, 'exclusive');
    const verify = async (when: string): Promise<void> => {
      const [busy, idle] = await turns(kit, () => serve(kit, here, bound));
      assert.ok(busy >= CONNECTIONS);
      assert.equal(idle, 0, `${idle} turns ${when}`);
    };
    await verify('before its first accept');
    await other.pairOn(there, bound, kit);
    await verify('after its first accept');
    const accept = other.accept(there);
    await other.settle();
    other.cancel(accept);
    await other.ends(accept, 'cancelled');
    await verify('after an accept that was cancelled');
  },
  counting,
);

epollRule(
  'a port that accepts nothing is woken for a listener that it shares, and nothing is lost',
  async (kit) => {
    const { other, here, there, bound } = await shared(kit, 'none');
    const [, idle] = await turns(kit, () => serve(kit, here, bound));
    assert.ok(idle > CONNECTIONS / 10, `${idle} turns`);
    await other.pairOn(there, bound, kit);
  },
  counting,
);

for (const balance of ['none', 'exclusive'] as const) {
  epollRule(
    `a shared listener (${balance}) that one port closes is the other’s alone`,
    async (kit) => {
      const { other, here, there, bound } = await shared(kit, balance);
      const accept = other.accept(there);
      await kit.settle();
      await other.ends(other.close(there), 'done');
      assert.equal(accept.status, 'cancelled');
      const [busy, idle] = await turns(kit, () => serve(kit, here, bound));
      assert.ok(busy >= CONNECTIONS);
      assert.ok(idle < CONNECTIONS / 10, `a dead registration, ${idle} turns`);
    },
    counting,
  );
}

epollRule(
  'a connection that nobody waits for wakes its port once, and is there for the next accept',
  async (kit) => {
    const { socket, bound } = await kit.listening();
    await kit.pairOn(socket, bound as Endpoint);
    await kit.settle();
    waits.clear();
    const connect = await kit.ends(kit.connect(bound as Endpoint), 'done');
    await kit.settle();
    const asked = Math.max(...waits.values());
    assert.ok(asked < 20, `${asked} turns`);
    const { accepted } = await kit.ends(kit.accept(socket), 'done');
    await kit.talks({
      listener: socket,
      bound: bound as Endpoint,
      client: connect.socket,
      server: accepted,
    });
  },
  counting,
);

epollRule('a detached descriptor wakes its old port no more', async (kit) => {
  const { client, server } = await kit.pair();
  const other = kit.beside();
  const descriptor = await detached(kit, server);
  const adopted = await other.ends(other.adopt(descriptor, 'stream'), 'done');
  const recv = kit.recv(client);
  await other.say(adopted.socket, 'still here');
  await kit.ends(recv, 'done');
  await other.ends(other.close(adopted.socket, { how: 'reset' }), 'done');
  await kit.fails(kit.recv(client), 'reset');
});

epollRule('a descriptor that a port has already is not adopted again', async (kit) => {
  const { client, server } = await kit.pair();
  const descriptor = await detached(kit, server);
  const { socket } = await kit.ends(kit.adopt(descriptor, 'stream'), 'done');
  await kit.fails(kit.adopt(descriptor, 'stream'), 'badArgument');
  await kit.say(client, 'unharmed');
  assert.equal(await kit.hear(socket, 8), 'unharmed');
});

epollRule(
  'an adopt that the kernel will not watch leaves the descriptor to its owner',
  async (kit) => {
    const { client, server } = await kit.pair();
    const descriptor = await detached(kit, server);
    refusals = 1;
    await kit.fails(kit.adopt(descriptor, 'stream'), 'noBuffers');
    assert.equal(kit.port.openSockets, 2);
    await kit.ends(kit.adopt(descriptor, 'stream'), 'done');
    await kit.say(client, 'x');
  },
  () => ({
    epollControl(epoll, operation, fd, event) {
      if (operation === EPOLL_CTL_ADD && refusals > 0) {
        refusals -= 1;
        return -ENOSPC;
      }
      return real.epollControl(epoll, operation, fd, event);
    },
  }),
);

epollRule(
  'an exclusive listener that the kernel will not watch says so, and goes on when it will',
  async (kit) => {
    const { socket, bound } = await kit.listening({ balance: 'exclusive' });
    refusals = 1;
    const accept = await kit.fails(kit.accept(socket), 'noBuffers');
    assert.equal(accept.fault?.advice, 'retry-later');
    await kit.pairOn(socket, bound as Endpoint);
  },
  () => ({
    epollControl(epoll, operation, fd, event) {
      const exclusive = ((event?.[0] ?? 0) & EPOLLEXCLUSIVE) !== 0;
      if (operation === EPOLL_CTL_ADD && exclusive && refusals > 0) {
        refusals -= 1;
        return -ENOSPC;
      }
      return real.epollControl(epoll, operation, fd, event);
    },
  }),
);

epollRule('a UNIX listener that moves keeps its name, which is then its owner’s', async (kit) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const address = join(folder, 'socket');
  const endpoint = { family: 'unix', address, port: 0 } as const;
  const { socket } = await kit.listening({ endpoint });
  const descriptor = await detached(kit, socket);
  assert.ok(existsSync(address));
  const adopt = await kit.ends(kit.adopt(descriptor, 'listener'), 'done');
  assert.deepEqual(adopt.bound, endpoint);
  await kit.pairOn(adopt.socket, endpoint);
  await kit.ends(kit.close(adopt.socket), 'done');
  assert.ok(existsSync(address));
  rmSync(folder, { recursive: true });
});

epollRule('data that goes with the SYN is a matter of TCP alone', async (kit) => {
  const unix = { family: 'unix', address: `\0sluice-${process.pid}`, port: 0 } as const;
  await kit.fails(kit.listen({ endpoint: unix, fastOpen: 1 }), 'unsupported');
  await kit.listening({ endpoint: unix });
  await kit.fails(kit.connect(unix, { fastOpen: true }), 'unsupported');
  assert.equal(kit.port.openSockets, 1);
});

epollRule('a detached descriptor that nobody adopts is closed by its owner', async (kit) => {
  const { client, server } = await kit.pair();
  assert.equal(counted.close(await detached(kit, server)), 0);
  await kit.ends(kit.recv(client), 'eof');
});
