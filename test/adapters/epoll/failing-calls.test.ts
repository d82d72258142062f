import assert from 'node:assert/strict';
import test from 'ava';
import { INTERRUPTS_MAX } from '../../../adapters/epoll/receiving.ts';
import type { SystemCalls } from '../../../adapters/epoll/system-calls.ts';
import {
  ECONNABORTED,
  EINTR,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EPOLL_CTL_ADD,
  EPOLLOUT,
} from '../../../adapters/linux/constants.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { SocketOperation } from '../../../src/core/operation.ts';
import type { Kit, Pair } from '../../conformance/kit.ts';
import { descriptors, epollOn, epollRule, failing, type Override } from './epoll-rule.ts';

/** A call that fails once the test says so: before that, the sockets must be made. */
class Trap {
  error = 0;
  left = 0;
  readonly override: Override;

  constructor(...names: (keyof SystemCalls)[]) {
    this.override = (real) => {
      const calls: Partial<Record<keyof SystemCalls, unknown>> = {};
      for (const name of names) {
        const call = real[name] as (...values: unknown[]) => number;
        calls[name] = (...values: unknown[]) => {
          if (this.left === 0) return call(...values);
          this.left -= 1;
          return -this.error;
        };
      }
      return calls as Partial<SystemCalls>;
    };
  }

  set(error: number, times: number): void {
    this.error = error;
    this.left = times;
  }
}

/** What makes one system call; 'abc' is sent before the first, 'def' before the second. */
const CALLS: Readonly<
  Record<
    string,
    { call: keyof SystemCalls; left: string; start(kit: Kit, pair: Pair): SocketOperation }
  >
> = {
  receive: { call: 'recv', left: 'def', start: (kit, { server }) => kit.recv(server) },
  peek: { call: 'recv', left: 'abcdef', start: (kit, { server }) => kit.peek(server) },
  send: {
    call: 'send',
    left: 'abcmoredef',
    start: (kit, { client }) => kit.send(client, ['more']),
  },
  'large send': {
    call: 'writev',
    left: `abc${'x'.repeat(100_000)}def`,
    start: (kit, { client }) => kit.send(client, [Buffer.alloc(100_000, 'x')]),
  },
  transmit: {
    call: 'sendfile',
    left: 'abca filedef',
    start: (kit, { client }) => {
      const file = kit.site.file(Buffer.from('a file'));
      return kit.transmit(client, { file, length: 6 });
    },
  },
};

for (const [name, { call, left, start }] of Object.entries(CALLS)) {
  const trap = new Trap(call);
  epollRule(
    `a ${name} is made again ${INTERRUPTS_MAX} times when signals interrupt it, and no more`,
    async (kit) => {
      const pair = await kit.pair();
      await kit.say(pair.client, 'abc');
      trap.set(EINTR, INTERRUPTS_MAX);
      await kit.ends(start(kit, pair), 'done');
      await kit.say(pair.client, 'def');
      trap.set(EINTR, INTERRUPTS_MAX + 1);
      const failed = await kit.fails(start(kit, pair), 'adapter');
      assert.equal(failed.fault?.native.code, 'EINTR');
      assert.equal(trap.left, 0);
      assert.equal(await kit.hear(pair.server, left.length), left);
    },
    trap.override,
  );
}

const accepts = new Trap('accept4');

epollRule(
  `${INTERRUPTS_MAX} connections that were over before they were accepted are passed over`,
  async (kit) => {
    const { socket, bound } = await kit.listening();
    accepts.set(ECONNABORTED, INTERRUPTS_MAX);
    await kit.talks(await kit.pairOn(socket, bound as Endpoint));
    assert.equal(accepts.left, 0);
    accepts.set(ECONNABORTED, INTERRUPTS_MAX + 1);
    const connect = await kit.ends(kit.connect(bound as Endpoint), 'done');
    await kit.fails(kit.accept(socket), 'reset');
    const accept = await kit.ends(kit.accept(socket), 'done');
    await kit.talks({
      listener: socket,
      bound: bound as Endpoint,
      client: connect.socket,
      server: accept.accepted,
    });
  },
  accepts.override,
);

for (const [name, error] of Object.entries({ EMFILE, ENFILE })) {
  epollRule(
    `${name} on accept sheds who waits, says so once, and the listener survives`,
    async (kit) => {
      const { socket, bound } = await kit.listening();
      const waiting = [];
      for (let i = 0; i < 3; i += 1) {
        waiting.push(await kit.ends(kit.connect(bound as Endpoint), 'done'));
      }
      await kit.settle();
      accepts.set(error, 1);
      await kit.fails(kit.accept(socket), 'fileDescriptors');
      for (const connect of waiting) {
        await kit.ends(kit.recv(connect.socket), 'eof', 'failed');
      }
      assert.equal(kit.port.counters.acceptsShed, 3);
      await kit.talks(await kit.pairOn(socket, bound as Endpoint));
      assert.equal(kit.port.counters.acceptsShed, 3);
    },
    accepts.override,
  );
}

/** Refuses to register: descriptors of all kinds, or all but listeners, which have no EPOLLOUT. */
const registers = { left: 0, sparesListeners: false };

const refusingToRegister: Override = ({ epollControl }) => ({
  epollControl(epoll, operation, fd, event) {
    const isListener = ((event?.[0] ?? 0) & EPOLLOUT) === 0;
    const isSpared = operation !== EPOLL_CTL_ADD || (registers.sparesListeners && isListener);
    if (isSpared || registers.left === 0) return epollControl(epoll, operation, fd, event);
    registers.left -= 1;
    return -ENOMEM;
  },
});

epollRule(
  'a socket that the kernel will not watch is closed, and what opened it fails',
  async (kit) => {
    const { socket, bound } = await kit.listening();
    const to = bound as Endpoint;
    const { openSockets } = kit.port;
    const before = descriptors();
    registers.left = 3;
    await kit.fails(kit.connect(to), 'noBuffers');
    await kit.fails(kit.listen(), 'noBuffers');
    const failed = await kit.fails(kit.udpOpen(), 'noBuffers');
    assert.equal(failed.fault?.advice, 'retry-later');
    assert.deepEqual([kit.port.openSockets, descriptors()], [openSockets, before]);
    await kit.ends(kit.accept(socket), 'done'); // The kernel had connected already, and reset.

    const connect = await kit.ends(kit.connect(to), 'done');
    const inUse = descriptors();
    registers.left = 1;
    registers.sparesListeners = true;
    await kit.fails(kit.accept(socket), 'noBuffers');
    assert.equal(descriptors(), inUse);
    await kit.fails(kit.recv(connect.socket), 'reset');
    await kit.talks(await kit.pairOn(socket, to));
  },
  refusingToRegister,
);

test.serial('a port for which there is no descriptor is not made, and leaves none', (t) => {
  const before = descriptors();
  t.throws(() => epollOn((real) => ({ epollCreate: failing(real.epollCreate, EMFILE, 1) })), {
    message: /EMFILE/,
  });
  t.is(descriptors(), before);
});

const sends = new Trap('send', 'sendto');

epollRule(
  'a send for which the kernel has no buffers fails with its progress, and the next one goes on',
  async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'one');
    sends.set(ENOBUFS, 1);
    const failed = await kit.fails(kit.send(client, ['lost']), 'noBuffers');
    assert.deepEqual([failed.bytes, failed.bytesPossible], [0, 0]);
    assert.equal(failed.fault?.advice, 'retry-later');
    await kit.say(client, 'two');
    assert.equal(await kit.hear(server, 6), 'onetwo');
  },
  sends.override,
);

epollRule(
  'a datagram for which the kernel has no buffers fails, and the next one is sent',
  async (kit) => {
    const a = await kit.ends(kit.udpOpen(), 'done');
    const b = await kit.ends(kit.udpOpen(), 'done');
    const to = b.bound as Endpoint;
    sends.set(ENOBUFS, 1);
    await kit.fails(kit.udpSend(a.socket, 'lost', to), 'noBuffers');
    await kit.ends(kit.udpSend(a.socket, 'sent', to), 'done');
    assert.equal(kit.text(await kit.ends(kit.udpRecv(b.socket), 'done')), 'sent');
  },
  sends.override,
);
