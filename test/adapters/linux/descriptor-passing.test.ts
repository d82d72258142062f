import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { EINTR, MSG_DONTWAIT } from '../../../adapters/linux/constants.ts';
import { ControlMessage } from '../../../adapters/linux/control-message.ts';
import {
  DESCRIPTORS_PER_MESSAGE_MAX,
  encodeMessage,
  type PassedDescriptor,
} from '../../../adapters/linux/descriptor-message.ts';
import { DescriptorPassing } from '../../../adapters/linux/descriptor-passing.ts';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import { type PassingCalls, passingCalls } from '../../../adapters/linux/passing-calls.ts';

const real = passingCalls(loadKoffi('linux'));
/** Files are enough: what a descriptor is, its receiver finds out. */
const FILES = Array.from({ length: DESCRIPTORS_PER_MESSAGE_MAX + 1 }, () => openSync('/', 'r'));

function passed(count: number): PassedDescriptor[] {
  return FILES.slice(0, count).map((descriptor, i) => ({
    descriptor,
    as: 'stream',
    note: `number ${i}`,
  }));
}

/** Runs with a channel; afterwards nothing may be open that was not. */
function withChannel(
  t: ExecutionContext,
  run: (passing: DescriptorPassing, near: number, far: number) => void,
  override: Partial<PassingCalls> = {},
): void {
  const before = openOnes();
  const passing = new DescriptorPassing({ ...real, ...override });
  const ends = passing.pair();
  assert.ok(!('code' in ends));
  run(passing, ...ends);
  for (const end of ends) closeSync(end);
  t.deepEqual(openOnes(), before, 'nothing leaks');
}

/** Numbers are given out from the lowest on: what leaks lies below this bound. */
function openOnes(): number[] {
  const open: number[] = [];
  for (let fd = 0; fd < 256; fd += 1) {
    try {
      fstatSync(fd);
      open.push(fd);
    } catch {
      // It is not open.
    }
  }
  return open;
}

test.serial('what is sent is received, in order, as descriptors of the receiver’s own', (t) => {
  withChannel(t, (passing, near, far) => {
    t.deepEqual(passing.send(near, passed(2)), { status: 'done' });
    t.deepEqual(passing.send(near, passed(1)), { status: 'done' });
    const first = passing.receive(far);
    if (first.status !== 'done') return t.fail(first.status);
    t.deepEqual(
      first.descriptors.map(({ as, note }) => `${as} ${note}`),
      ['stream number 0', 'stream number 1'],
    );
    for (const { descriptor } of first.descriptors) {
      t.false(FILES.includes(descriptor));
      t.is(fstatSync(descriptor).ino, fstatSync(FILES[0] as number).ino);
      closeSync(descriptor);
    }
    const second = passing.receive(far);
    if (second.status !== 'done') return t.fail(second.status);
    t.is(second.descriptors.length, 1, 'messages do not run together');
    for (const { descriptor } of second.descriptors) closeSync(descriptor);
  });
});

test.serial('one message takes as many as its bound says, and not one more', (t) => {
  withChannel(t, (passing, near, far) => {
    t.is(passing.send(near, passed(DESCRIPTORS_PER_MESSAGE_MAX)).status, 'done');
    const answer = passing.receive(far);
    if (answer.status !== 'done') return t.fail(answer.status);
    t.is(answer.descriptors.length, DESCRIPTORS_PER_MESSAGE_MAX);
    for (const { descriptor } of answer.descriptors) closeSync(descriptor);
    const more = passing.send(near, passed(DESCRIPTORS_PER_MESSAGE_MAX + 1));
    t.is(more.status === 'failed' && more.fault.code, 'badArgument');
    t.is(passing.receive(far).status, 'wouldBlock', 'nothing was sent');
  });
});

test.serial('a sender that keeps to no bound is a fault, and nothing of its leaks', (t) => {
  withChannel(t, (passing, near, far) => {
    const text = encodeMessage(passed(1)) as Buffer;
    for (const [count, code] of [
      [DESCRIPTORS_PER_MESSAGE_MAX + 1, 'fileDescriptors'], // MSG_CTRUNC
      [2, 'badArgument'], // The text says one.
    ] as const) {
      const message = new ControlMessage(real, text.length, count);
      message.fill(text, FILES.slice(0, count));
      t.is(real.sendmsg(near, message.words, MSG_DONTWAIT), text.length);
      const answer = passing.receive(far);
      t.is(answer.status === 'failed' && answer.fault.code, code);
    }
    const message = new ControlMessage(real, 4, 1);
    message.fill(Buffer.from('SLD2'), FILES.slice(0, 1));
    t.is(real.sendmsg(near, message.words, MSG_DONTWAIT), 4);
    const answer = passing.receive(far);
    t.is(answer.status === 'failed' && answer.fault.code, 'badArgument');
  });
});

test.serial('a channel tells that it is empty, full, or closed at the other end', (t) => {
  withChannel(t, (passing, near, far) => {
    t.is(passing.receive(far).status, 'wouldBlock');
    let sent = 0;
    while (sent < 10_000 && passing.send(near, passed(1)).status === 'done') sent += 1;
    t.is(passing.send(near, passed(1)).status, 'wouldBlock');
    for (; sent > 0; sent -= 1) {
      const answer = passing.receive(far);
      if (answer.status !== 'done') return t.fail(answer.status);
      for (const { descriptor } of answer.descriptors) closeSync(descriptor);
    }
    const other = passing.duplicate(near) as number;
    closeSync(other);
    t.is(passing.receive(far).status, 'wouldBlock', 'a duplicate is one of two');
  });
  withChannel(t, (passing, near, far) => {
    const ends = passing.pair();
    assert.ok(!('code' in ends));
    closeSync(ends[0]);
    t.is(passing.receive(ends[1]).status, 'eof');
    const answer = passing.send(ends[1], passed(1));
    t.is(answer.status === 'failed' && answer.fault.code, 'brokenPipe');
    closeSync(ends[1]);
    t.is(passing.receive(near).status, 'wouldBlock');
    t.is(passing.receive(far).status, 'wouldBlock');
  });
});

test.serial('what is no channel, or no descriptor, is a fault', (t) => {
  withChannel(t, (passing, near, far) => {
    const none = passing.send(near, [{ descriptor: -1, as: 'stream', note: '' }]);
    t.is(none.status === 'failed' && none.fault.code, 'closed');
    t.is(passing.receive(far).status, 'wouldBlock');
    const file = FILES[0] as number;
    for (const answer of [passing.send(file, passed(1)), passing.receive(file)]) {
      t.is(answer.status === 'failed' && answer.fault.code, 'badArgument');
    }
    t.is(typeof passing.duplicate(-1), 'object');
  });
});

test.serial('a call that a signal interrupts is made again', (t) => {
  let left = 3;
  const interrupted =
    (call: PassingCalls['sendmsg']): PassingCalls['sendmsg'] =>
    (channel, message, flags) => {
      left -= 1;
      return left >= 0 ? -EINTR : call(channel, message, flags);
    };
  const override = { sendmsg: interrupted(real.sendmsg), recvmsg: interrupted(real.recvmsg) };
  withChannel(
    t,
    (passing, near, far) => {
      t.is(passing.send(near, passed(1)).status, 'done');
      left = 3;
      const answer = passing.receive(far);
      if (answer.status !== 'done') return t.fail(answer.status);
      for (const { descriptor } of answer.descriptors) closeSync(descriptor);
    },
    override,
  );
});
