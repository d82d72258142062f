import test from 'ava';
import { proactorFrom } from '../../../src/core/bridge/proactor-from-reactor.ts';
import { InvariantError } from '../../../src/core/invariant-error.ts';
import type { Operation, RecvOperation } from '../../../src/core/operation.ts';
import {
  acceptOperation,
  closeOperation,
  connectOperation,
  recvOperation,
  sendOperation,
  shutdownOperation,
} from '../../../src/core/operations.ts';
import { FakeReactor } from '../fake-reactor.ts';
import { ManualHost } from '../manual-host.ts';

const ANYWHERE = { family: 'ipv4', address: '192.0.2.1', port: 80 } as const;
const COMPLETIONS_PER_TURN_MAX = 32;

/** A port with one connected socket. */
function setUp() {
  const host = new ManualHost();
  const reactor = new FakeReactor(host.loop);
  const port = proactorFrom(reactor);
  const connect = connectOperation(ANYWHERE, () => {});
  port.submit(connect);
  host.settle();
  const { socket } = connect;
  const order: string[] = [];
  reactor.attempts.length = 0;
  const note = (name: string) => (operation: Operation) =>
    void order.push(`${name} ${operation.status}`);
  const recv = (name = 'recv'): RecvOperation => {
    const operation = recvOperation(socket, note(name));
    port.submit(operation);
    return operation;
  };
  const send = (text: string) => {
    const operation = sendOperation(socket, note(text));
    operation.pieces = [text];
    operation.count = 1;
    port.submit(operation);
    return operation;
  };
  return { host, reactor, port, socket, order, note, recv, send };
}

test('nothing completes inside submit or cancel, whatever could', (t) => {
  const { host, reactor, port, order, note, socket, recv, send } = setUp();
  reactor.incoming.push({ outcome: 'done', bytes: 'x' });
  reactor.room = 100;
  recv();
  send('send');
  const cancelled = recv('cancelled');
  port.cancel(cancelled);
  port.submit(acceptOperation(socket + 1000, note('accept')));
  port.submit(connectOperation(ANYWHERE, note('connect')));
  t.deepEqual(order, []);
  t.true(host.settle());
  t.is(order.length, 5);
});

test('an operation that is submitted while pending is a bug', (t) => {
  const { port, recv } = setUp();
  const operation = recv();
  t.throws(() => port.submit(operation), { instanceOf: InvariantError });
});

test('operations of a direction complete in the order of submission', (t) => {
  const { host, reactor, order, recv, send } = setUp();
  for (const name of ['r1', 'r2', 'r3']) recv(name);
  for (const text of ['s1', 's2', 's3']) send(text);
  host.settle();
  t.deepEqual(order, []);
  reactor.room = 4;
  host.turn(() => reactor.report('write'));
  t.deepEqual(order, ['s1 done', 's2 done']);
  reactor.room = 2;
  host.turn(() => reactor.report('write'));
  for (let i = 0; i < 3; i += 1) reactor.incoming.push({ outcome: 'done', bytes: 'x' });
  for (let i = 0; i < 3; i += 1) host.turn(() => reactor.report('read'));
  t.deepEqual(order.slice(2), ['s3 done', 'r1 done', 'r2 done', 'r3 done']);
  t.is(reactor.sent.join(''), 's1s2s3');
});

test('what would block is waited for on its own direction alone, once', (t) => {
  const { host, reactor, recv, send } = setUp();
  recv('r1');
  recv('r2');
  host.settle();
  t.deepEqual(reactor.waits, ['read']);
  send('s1');
  t.deepEqual(reactor.waits, ['read', 'write']);
  host.turn(() => reactor.report('read'));
  t.deepEqual(reactor.waits, ['write', 'read']);
});

test('an idle socket is attempted once and then left alone', (t) => {
  const { host, reactor, recv, send } = setUp();
  recv();
  send('never');
  host.settle();
  for (let i = 0; i < 10; i += 1) host.turn();
  t.deepEqual([...reactor.attempts].sort(), ['recv', 'send']);
});

test('a receive is attempted before it is waited for', (t) => {
  const { host, reactor, order, recv } = setUp();
  reactor.incoming.push({ outcome: 'done', bytes: 'early' });
  recv();
  host.turn();
  t.deepEqual(order, ['recv done']);
  t.deepEqual(reactor.waits, []);
});

test('a short read saves the attempt after it, until the socket reports again', (t) => {
  const { host, reactor, recv } = setUp();
  reactor.incoming.push({ outcome: 'done', bytes: 'short' });
  recv();
  host.settle();
  recv();
  host.settle();
  t.deepEqual(reactor.attempts, ['recv']);
  t.deepEqual(reactor.waits, ['read']);
  reactor.incoming.push({ outcome: 'done', bytes: 'more' });
  host.turn(() => reactor.report('read'));
  t.deepEqual(reactor.attempts, ['recv', 'recv']);
});

test('a read that filled its buffer is followed by an attempt', (t) => {
  const { host, reactor, port, socket } = setUp();
  reactor.incoming.push({ outcome: 'done', bytes: 'abcdef' });
  const texts: string[] = [];
  const recv = recvOperation(socket, ({ into, bytes }) => {
    texts.push(Buffer.from(into?.[0] as Uint8Array).toString('latin1', 0, bytes));
    port.submit(recv);
  });
  recv.into = [new Uint8Array(4)];
  port.submit(recv);
  host.settle();
  t.deepEqual(texts, ['abcd', 'ef']);
  t.is(reactor.attempts.length, 2);
});

test('a minimum is filled over several attempts, into the same buffers', (t) => {
  const { host, reactor, port, socket, order, note } = setUp();
  const into = [new Uint8Array(2), new Uint8Array(4)];
  const recv = recvOperation(socket, note('recv'));
  Object.assign(recv, { into, minBytes: 5 });
  port.submit(recv);
  host.settle();
  for (const bytes of ['abc', 'd', 'ef']) {
    t.deepEqual(order, []);
    reactor.incoming.push({ outcome: 'done', bytes });
    host.turn(() => reactor.report('read'));
  }
  t.deepEqual(order, ['recv done']);
  t.is(recv.bytes, 6);
  t.is(Buffer.concat(into).toString(), 'abcdef');
  t.is(recv.into, into, 'the request is as it was');
  t.is(recv.minBytes, 5);
});

for (const how of ['cancelled', 'expired', 'eof'] as const) {
  test(`a minimum that is not met before it is ${how} shows what there was`, (t) => {
    const { host, reactor, port, socket } = setUp();
    const into = [new Uint8Array(8)];
    const recv = recvOperation(socket, () => {});
    Object.assign(recv, { into, minBytes: 8, deadlineMs: how === 'expired' ? 50 : 0 });
    port.submit(recv);
    host.settle();
    reactor.incoming.push({ outcome: 'done', bytes: 'abc' });
    host.turn(() => reactor.report('read'));
    if (how === 'cancelled') port.cancel(recv);
    else if (how === 'expired') host.now = 50;
    else reactor.incoming.push({ outcome: 'eof' });
    host.turn(() => reactor.report('read'));
    host.settle();
    t.is(recv.status, how);
    t.is(recv.bytes, 3);
    t.is(Buffer.from(into[0] as Uint8Array).toString('latin1', 0, 3), 'abc');
    t.is(recv.into, into);
  });
}

test('at most 32 operations of a socket complete in a turn, both directions together', (t) => {
  const { host, reactor, order, recv, send } = setUp();
  reactor.room = 1000;
  for (let i = 0; i < 20; i += 1) {
    recv();
    send('x');
    reactor.incoming.push({ outcome: 'eof' });
  }
  const perTurn: number[] = [];
  while (host.loop.hasWork) {
    const before = order.length;
    host.turn();
    perTurn.push(order.length - before);
  }
  t.is(order.length, 40);
  t.true(Math.max(...perTurn) === COMPLETIONS_PER_TURN_MAX, `${perTurn}`);
});

test('32 sends that were submitted between turns complete in the next one, and one more later', (t) => {
  const { host, reactor, order, send } = setUp();
  reactor.room = 1000;
  for (let i = 0; i <= COMPLETIONS_PER_TURN_MAX; i += 1) send('x');
  host.turn();
  t.is(order.length, COMPLETIONS_PER_TURN_MAX);
  host.turn();
  t.is(order.length, COMPLETIONS_PER_TURN_MAX + 1);
});

test('an unwritable socket is not attempted again before it reports', (t) => {
  const { host, reactor, send } = setUp();
  reactor.room = 3;
  const operation = send('abcdef');
  for (let i = 0; i < 10; i += 1) host.turn();
  t.deepEqual(reactor.attempts, ['send']);
  t.is(operation.status, 'pending');
  reactor.room = 3;
  host.turn(() => reactor.report('write'));
  t.is(operation.status, 'done');
  t.deepEqual(reactor.sent, ['abc', 'def']);
});

test('a send that is cancelled when it was taken in part is abandoned, with its progress', (t) => {
  const { host, reactor, port, order, send } = setUp();
  reactor.room = 2;
  const operation = send('abcdef');
  const behind = send('behind');
  port.cancel(operation);
  port.cancel(operation);
  t.is(operation.status, 'pending');
  host.settle();
  t.deepEqual(order, ['abcdef cancelled']);
  t.deepEqual([operation.bytes, operation.bytesPossible], [2, 2]);
  t.deepEqual(reactor.abandoned, [operation]);
  reactor.room = 100;
  host.turn(() => reactor.report('write'));
  t.is(behind.status, 'done');
  t.is(reactor.sent.join(''), 'abbehind');
});

test('cancelling the last operation of a direction takes its wait back', (t) => {
  const { host, reactor, port, recv } = setUp();
  const operation = recv();
  host.settle();
  t.deepEqual(reactor.waits, ['read']);
  port.cancel(operation);
  t.deepEqual(reactor.waits, []);
  host.settle();
  t.is(operation.status, 'cancelled');
});

test('a successor does not overtake a receive that was cancelled in the same turn', (t) => {
  const { host, reactor, port, order, recv } = setUp();
  const first = recv('first');
  recv('second');
  host.settle();
  reactor.incoming.push({ outcome: 'done', bytes: 'x' });
  host.turn(() => {
    port.cancel(first);
    reactor.report('read');
  });
  host.settle();
  t.deepEqual(order, ['first cancelled', 'second done']);
});

test('a deadline ends what waits, and not what has its answer', (t) => {
  const { host, reactor, port, socket, order, note } = setUp();
  for (const [name, deadlineMs] of [
    ['soon', 10],
    ['later', 20],
  ] as const) {
    const recv = recvOperation(socket, note(name));
    recv.deadlineMs = deadlineMs;
    port.submit(recv);
  }
  host.settle();
  host.now = 10;
  host.turn();
  t.deepEqual(order, ['soon expired']);
  reactor.incoming.push({ outcome: 'done', bytes: 'x' });
  host.turn(() => reactor.report('read'));
  host.now = 20;
  host.turn();
  t.deepEqual(order, ['soon expired', 'later done']);
});

test('an operation may wait on the other direction', (t) => {
  const { host, reactor, port, socket, order, note } = setUp();
  reactor.ownAnswer = 'read';
  port.submit(shutdownOperation(socket, note('shutdown')));
  t.deepEqual(reactor.waits, ['read']);
  reactor.ownAnswer = 'completed';
  host.turn(() => reactor.report('read'));
  host.settle();
  t.deepEqual(order, ['shutdown done']);
});

test('a connect that would block names its socket at once, and is waited for', (t) => {
  const { host, reactor, port } = setUp();
  reactor.ownAnswer = 'write';
  const connect = connectOperation(ANYWHERE, () => {});
  port.submit(connect);
  t.not(connect.socket, -1);
  t.deepEqual(reactor.waits, ['write']);
  reactor.ownAnswer = 'completed';
  host.turn(() => reactor.report('write'));
  host.settle();
  t.is(connect.status, 'done');
});

test('a cancelled connect is abandoned and has no socket', (t) => {
  const { host, reactor, port } = setUp();
  reactor.ownAnswer = 'write';
  const connect = connectOperation(ANYWHERE, () => {});
  port.submit(connect);
  port.cancel(connect);
  host.settle();
  t.is(connect.status, 'cancelled');
  t.is(connect.socket, -1);
  t.deepEqual(reactor.abandoned, [connect]);
  t.deepEqual(reactor.waits, []);
});

test('accepts complete after the reads of a turn, and their listener closes after them', (t) => {
  const { host, reactor, port, socket, order, note, recv } = setUp();
  port.submit(acceptOperation(socket, note('a1')));
  port.submit(acceptOperation(socket, note('a2')));
  host.settle();
  reactor.incoming.push({ outcome: 'done', accepted: 77 });
  host.turn(() => {
    reactor.report('read');
    port.submit(closeOperation(socket, note('close')));
    recv('late');
  });
  host.settle();
  t.deepEqual(order, ['late failed', 'a1 done', 'a2 cancelled', 'close done']);
});

test('a close cancels what is pending, comes last, and refuses what comes after it', (t) => {
  const { host, reactor, port, socket, order, note, recv, send } = setUp();
  recv('recv');
  send('send');
  host.settle();
  reactor.ownAnswer = 'read';
  port.submit(closeOperation(socket, note('close')));
  recv('late');
  port.submit(closeOperation(socket, note('again')));
  host.settle();
  t.deepEqual(order, ['recv cancelled', 'send cancelled', 'late failed', 'again failed']);
  t.deepEqual(reactor.waits, ['read'], 'it lingers');
  reactor.ownAnswer = 'completed';
  host.turn(() => reactor.report('read'));
  host.settle();
  t.is(order.at(-1), 'close done');
  const lost = recv('lost');
  host.settle();
  t.is(lost.fault?.code, 'closed');
});

for (const status of ['done', 'pending'] as const) {
  test(`a receive that is ${status} when its socket goes leaves no deadline behind`, (t) => {
    const { host, reactor, port, socket } = setUp();
    const recv = recvOperation(socket, () => {});
    recv.deadlineMs = 60_000;
    port.submit(recv);
    if (status === 'done') reactor.incoming.push({ outcome: 'done', bytes: 'x' });
    host.settle();
    t.is(recv.status, status);
    t.is(host.loop.nextDueMs, 60_000);
    port.submit(closeOperation(socket, () => {}));
    host.settle();
    t.is(host.loop.nextDueMs, Number.POSITIVE_INFINITY);
  });
}

test('what was queued behind an opening goes on when it is done, until the close', (t) => {
  const { host, reactor, port, order, note } = setUp();
  reactor.ownAnswer = 'write';
  reactor.room = 5;
  const connect = connectOperation(ANYWHERE, note('connect'));
  port.submit(connect);
  for (const text of ['early', 'stuck']) {
    const send = sendOperation(connect.socket, note(text));
    port.submit(Object.assign(send, { pieces: [text], count: 1 }));
  }
  host.settle();
  t.deepEqual(reactor.sent, []);
  reactor.ownAnswer = 'completed';
  host.turn(() => reactor.report('write'));
  host.settle();
  t.deepEqual(order, ['connect done', 'early done']);
  port.submit(closeOperation(connect.socket, note('close')));
  host.settle();
  t.deepEqual(order.slice(2), ['stuck cancelled', 'close done']);
});

test('a callback that throws costs no other operation its completion', (t) => {
  const { host, reactor, port, socket, order, recv } = setUp();
  const broken = recvOperation(socket, () => {
    throw new Error('broken');
  });
  port.submit(broken);
  recv();
  reactor.incoming.push({ outcome: 'eof' }, { outcome: 'eof' });
  host.settle();
  t.deepEqual(order, ['recv eof']);
  t.is(host.uncaughtErrors.length, 1);
});

test('a closed port has cancelled everything, and refuses the rest', (t) => {
  const { host, port, order, recv, send } = setUp();
  recv('recv');
  send('send');
  host.settle();
  let closed = 0;
  port.close(() => {
    closed += 1;
  });
  recv('late');
  host.settle();
  t.deepEqual(order, ['recv cancelled', 'send cancelled', 'late failed']);
  t.is(closed, 1);
});
