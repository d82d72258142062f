import test from 'ava';
import { reactorFrom } from '../../../src/core/bridge/reactor-from-proactor.ts';
import { ownFault } from '../../../src/core/fault.ts';
import { InvariantError } from '../../../src/core/invariant-error.ts';
import type { ConnectOperation, SendOperation } from '../../../src/core/operation.ts';
import {
  acceptOperation,
  closeOperation,
  connectOperation,
  listenOperation,
  peekOperation,
  recvOperation,
  sendOperation,
  shutdownOperation,
  transmitOperation,
  udpOpenOperation,
  udpPeekOperation,
  udpRecvOperation,
  udpSendOperation,
} from '../../../src/core/operations.ts';
import { FULL_BYTES, HIGH_BYTES } from '../../../src/core/outbox/water-marks.ts';
import { type Direction, makeWatch, type ReactorPort } from '../../../src/core/reactor.ts';
import { FakeProactor } from '../fake-proactor.ts';
import { ManualHost } from '../manual-host.ts';

const ANYWHERE = { family: 'ipv4', address: '192.0.2.1', port: 80 } as const;
const RESET = ownFault('reset', 'test');

function never(): never {
  throw new Error('an attempt never calls back');
}

type Bench = {
  readonly host: ManualHost;
  readonly proactor: FakeProactor;
  readonly reactor: ReactorPort;
};

function bench(): Bench {
  const host = new ManualHost();
  const proactor = new FakeProactor(host.loop);
  return { host, proactor, reactor: reactorFrom(proactor) };
}

/** A bench with one connected socket. */
function setUp() {
  const it = bench();
  const connect = connectOperation(ANYWHERE, never);
  it.reactor.attempt(connect);
  it.proactor.end('connect', 'done');
  it.host.settle();
  it.reactor.attempt(connect);
  const { socket } = connect;
  const send = (...pieces: (Uint8Array | string)[]): SendOperation =>
    Object.assign(sendOperation(socket, never), { pieces, count: pieces.length });
  return { ...it, socket, send, wait: (direction: Direction) => waitOn(it, direction, socket) };
}

/** A wait that counts its reports. */
function waitOn({ reactor }: Bench, direction: Direction, socket: number) {
  const counted = { reports: 0, watch: makeWatch(direction, () => void counted.add()), add };
  function add(): void {
    counted.reports += 1;
  }
  counted.watch.socket = socket;
  reactor.wait(counted.watch);
  return counted;
}

const bytesOf = (text: string) => ({
  data: Buffer.from(`--${text}`, 'latin1'),
  offset: 2,
  bytes: text.length,
});

function textOf({ data, offset, bytes }: { data: Uint8Array; offset: number; bytes: number }) {
  return Buffer.from(data).toString('latin1', offset, offset + bytes);
}

test('an attempt to receive answers at once and posts nothing', (t) => {
  const { proactor, reactor, socket } = setUp();
  const recv = recvOperation(socket, never);
  recv.into = [new Uint8Array(4)];
  t.is(reactor.attempt(recv), 'read');
  t.is(recv.status, 'idle');
  t.deepEqual(proactor.pending, []);
});

test('a wait posts one receive, without a buffer of the caller or of its own', (t) => {
  const { proactor, wait } = setUp();
  wait('read');
  wait('read');
  t.is(proactor.pending.length, 1);
  t.is(proactor.oldest('recv')?.into, undefined);
});

test('bytes that come while nobody attempts are kept, and no more is received', (t) => {
  const { host, proactor, reactor, socket, wait } = setUp();
  const read = wait('read');
  const lent = bytesOf('kept bytes');
  host.turn(() => proactor.end('recv', 'done', lent));
  lent.data.fill(0);
  t.is(read.reports, 1);
  reactor.wait(read.watch);
  t.is(read.reports, 1, 'not inside the call');
  host.settle();
  t.is(read.reports, 2);
  t.is(proactor.oldest('recv'), undefined);
  const a = new Uint8Array(4);
  const recv = Object.assign(recvOperation(socket, never), { into: [a] });
  t.is(reactor.attempt(recv), 'completed');
  t.is(Buffer.from(a).toString(), 'kept');
  t.is(reactor.attempt(recv), 'completed');
  recv.into = [new Uint8Array(1), new Uint8Array(8)];
  t.is(reactor.attempt(recv), 'completed');
  t.is(recv.bytes, 2);
  t.is(reactor.attempt(recv), 'read');
});

test('a port that lends more than a chunk loses nothing', (t) => {
  const { host, proactor, reactor, socket, wait } = setUp();
  wait('read');
  const data = Buffer.alloc(64 * 1024 + 1, 'x');
  host.turn(() => proactor.end('recv', 'done', { data, offset: 0, bytes: data.length }));
  data.fill(0);
  const recv = recvOperation(socket, never);
  t.is(reactor.attempt(recv), 'completed');
  t.is(textOf(recv), 'x'.repeat(64 * 1024 + 1));
});

test('an attempt within the report sees the bytes where they are, uncopied', (t) => {
  const { host, proactor, reactor, socket } = setUp();
  const recv = recvOperation(socket, never);
  const watch = makeWatch('read', () => {
    t.is(reactor.attempt(recv), 'completed');
    reactor.wait(watch);
  });
  watch.socket = socket;
  reactor.wait(watch);
  const lent = bytesOf('lent');
  host.turn(() => proactor.end('recv', 'done', lent));
  t.is(recv.data, lent.data);
  t.is(textOf(recv), 'lent');
  t.is(reactor.attempt(recv), 'read', 'the view was lent once');
  t.is(proactor.pending.length, 1, 'and the next bytes are waited for');
});

test('owned bytes are handed on, still owned', (t) => {
  const { host, proactor, reactor, socket, wait } = setUp();
  wait('read');
  const given = bytesOf('owned');
  host.turn(() => proactor.end('recv', 'done', { ...given, owned: true }));
  const recv = recvOperation(socket, never);
  t.is(reactor.attempt(recv), 'completed');
  t.true(recv.owned);
  t.is(recv.data, given.data);
});

test('a peek shows what waits and consumes nothing', (t) => {
  const { host, proactor, reactor, socket, wait } = setUp();
  const peek = peekOperation(socket, never);
  peek.wantBytes = 3;
  t.is(reactor.attempt(peek), 'read');
  wait('read');
  host.turn(() => proactor.end('recv', 'done', bytesOf('peeked')));
  for (let i = 0; i < 2; i += 1) {
    t.is(reactor.attempt(peek), 'completed');
    t.is(textOf(peek), 'pee');
  }
  const recv = recvOperation(socket, never);
  t.is(reactor.attempt(recv), 'completed');
  t.is(textOf(recv), 'peeked');
});

test('the end of the stream comes behind the bytes, and stays', (t) => {
  const { host, proactor, reactor, socket, wait } = setUp();
  const read = wait('read');
  host.turn(() => proactor.end('recv', 'done', bytesOf('last')));
  const recv = recvOperation(socket, never);
  reactor.attempt(recv);
  reactor.wait(read.watch);
  host.turn(() => proactor.end('recv', 'eof', { bytes: 0 }));
  t.is(read.reports, 2);
  const peek = peekOperation(socket, never);
  for (const operation of [peek, recv, recv, peek]) {
    t.is(reactor.attempt(operation), 'completed');
    t.is(operation.status, 'eof');
    t.is(operation.bytes, 0);
  }
});

test('a reset stays too, and fails the sends', (t) => {
  const { host, proactor, reactor, socket, send, wait } = setUp();
  const [read, write] = [wait('read'), wait('write')];
  host.settle();
  t.is(write.reports, 1);
  host.turn(() => proactor.end('recv', 'failed', { fault: RESET, bytes: 0 }));
  t.is(read.reports, 1);
  for (const operation of [recvOperation(socket, never), send('x'), recvOperation(socket, never)]) {
    t.is(reactor.attempt(operation), 'completed');
    t.is(operation.status, 'failed');
    t.is(operation.fault, RESET);
  }
});

test('no report comes after unwait, and the bytes are still there', (t) => {
  const { host, proactor, reactor, socket, wait } = setUp();
  const read = wait('read');
  reactor.unwait(read.watch);
  t.false(read.watch.waiting);
  host.turn(() => proactor.end('recv', 'done', bytesOf('abc')));
  reactor.wait(read.watch);
  reactor.unwait(read.watch);
  host.settle();
  t.is(read.reports, 0);
  t.is(reactor.attempt(recvOperation(socket, never)), 'completed');
});

test('waiting twice with one watch is a bug', (t) => {
  const { reactor, wait } = setUp();
  const read = wait('read');
  t.throws(() => reactor.wait(read.watch), { instanceOf: InvariantError });
});

test('a watch that throws costs no other watch its report', (t) => {
  const { host, proactor, reactor, socket, wait } = setUp();
  const broken = makeWatch('read', () => {
    throw new Error('broken');
  });
  broken.socket = socket;
  reactor.wait(broken);
  const read = wait('read');
  host.turn(() => proactor.end('recv', 'done', bytesOf('x')));
  host.settle();
  t.is(read.reports, 1);
  t.is(host.uncaughtErrors.length, 1);
});

test('sends are copied, and go out in one batch at the end of the turn', (t) => {
  const { host, proactor, reactor, send } = setUp();
  const bytes = Buffer.from('bytes ');
  host.turn(() => {
    t.is(reactor.attempt(send('text ', bytes)), 'completed');
    t.is(reactor.attempt(send('more')), 'completed');
    bytes.fill(0);
    t.deepEqual(proactor.pending, []);
  });
  proactor.end('send', 'done');
  t.deepEqual(proactor.batches, ['text bytes more']);
});

test('at 64 KiB a send is taken, above it would block, and no wait reports before 32 KiB', (t) => {
  const { host, proactor, reactor, send, wait } = setUp();
  t.is(reactor.attempt(send(Buffer.alloc(HIGH_BYTES))), 'completed');
  const one = send('x');
  t.is(reactor.attempt(one), 'completed');
  const blocked = send('y');
  t.is(reactor.attempt(blocked), 'write');
  t.deepEqual([blocked.status, blocked.bytes], ['idle', 0]);
  const write = wait('write');
  for (let i = 0; i < 10; i += 1) host.turn();
  t.is(write.reports, 0);
  t.false(host.loop.hasWork, 'a peer that does not read costs no turns');
  host.turn(() => proactor.end('send', 'done'));
  t.is(write.reports, 1);
  t.is(reactor.attempt(blocked), 'completed');
});

test('a send larger than the outbox is taken in part, up to 1 MiB, and goes on from there', (t) => {
  const { host, proactor, reactor, send, wait } = setUp();
  const bytes = Buffer.alloc(FULL_BYTES + 1, 'a');
  bytes[FULL_BYTES] = 0x62;
  const operation = send(bytes);
  t.is(reactor.attempt(operation), 'write');
  t.deepEqual([operation.status, operation.bytes], ['idle', FULL_BYTES]);
  const write = wait('write');
  proactor.sendsAtOnce = true;
  host.settle();
  t.is(write.reports, 1);
  t.is(reactor.attempt(operation), 'completed');
  host.settle();
  t.is(operation.bytes, FULL_BYTES + 1);
  t.true(Buffer.from(proactor.batches.join(''), 'latin1').equals(bytes));
});

test('a send that is given up tells what is certain and what is possible', (t) => {
  const { host, proactor, reactor, send } = setUp();
  const operation = send(Buffer.alloc(FULL_BYTES + 1));
  reactor.attempt(operation);
  host.turn();
  const batch = proactor.oldest('send') as SendOperation;
  host.turn(() => proactor.end('send', 'done'));
  reactor.abandon(operation);
  t.is(operation.status, 'cancelled');
  t.is(operation.bytesPossible, FULL_BYTES);
  t.true(operation.bytes > 0 && operation.bytes < FULL_BYTES);
  t.not(batch, undefined);
});

test('a batch that failed is the answer of every later send', (t) => {
  const { host, proactor, reactor, send, wait } = setUp();
  reactor.attempt(send(Buffer.alloc(HIGH_BYTES + 1)));
  const write = wait('write');
  host.turn();
  host.turn(() => proactor.end('send', 'failed', { fault: RESET }));
  t.is(write.reports, 1);
  for (const operation of [send('a'), send('b')]) {
    t.is(reactor.attempt(operation), 'completed');
    t.deepEqual([operation.status, operation.fault, operation.bytes], ['failed', RESET, 0]);
  }
});

test('a shutdown waits for the bytes before it, and ends the sending', (t) => {
  const { host, proactor, reactor, socket, send, wait } = setUp();
  reactor.attempt(send('last words'));
  const shutdown = shutdownOperation(socket, never);
  t.is(reactor.attempt(shutdown), 'write');
  t.is(reactor.attempt(send('behind')), 'write');
  const write = wait('write');
  host.settle();
  t.is(proactor.oldest('shutdown'), undefined);
  host.turn(() => proactor.end('send', 'done'));
  t.is(write.reports, 0);
  host.turn(() => proactor.end('shutdown', 'done'));
  t.is(write.reports, 1);
  t.is(reactor.attempt(shutdown), 'completed');
  t.is(shutdown.status, 'done');
  const late = send('late');
  reactor.attempt(late);
  t.deepEqual([late.status, late.fault?.code], ['failed', 'brokenPipe']);
});

test('a transmission goes out in its turn, with copies of its head and tail', (t) => {
  const { host, proactor, reactor, socket, send } = setUp();
  reactor.attempt(send('before'));
  const transmit = transmitOperation(socket, never);
  Object.assign(transmit, { file: 3, length: 10, head: Buffer.from('head') });
  t.is(reactor.attempt(transmit), 'write');
  transmit.head?.fill(0);
  host.settle();
  host.turn(() => proactor.end('send', 'done'));
  const own = proactor.oldest('transmit');
  t.is(Buffer.from(own?.head as Uint8Array).toString(), 'head');
  host.turn(() => proactor.end('transmit', 'failed', { fault: RESET, bytes: 7, bytesPossible: 8 }));
  t.is(reactor.attempt(transmit), 'completed');
  t.deepEqual([transmit.status, transmit.bytes, transmit.bytesPossible], ['failed', 7, 8]);
});

test('a graceful close delivers what is unsent first; a reset drops it', (t) => {
  for (const how of ['graceful', 'reset'] as const) {
    const { host, proactor, reactor, socket, send } = setUp();
    reactor.attempt(send('unsent'));
    const close = Object.assign(closeOperation(socket, never), { how });
    t.is(reactor.attempt(close), 'read');
    host.turn();
    if (how === 'graceful') {
      t.is(proactor.oldest('close'), undefined);
      host.turn(() => proactor.end('send', 'done'));
    }
    t.is(proactor.oldest('close')?.how, how);
    t.is(reactor.attempt(close), 'read');
    host.turn(() => proactor.end('close', 'done'));
    t.is(reactor.attempt(close), 'completed');
    t.is(close.status, 'done');
    const late = recvOperation(socket, never);
    reactor.attempt(late);
    t.is(late.fault?.code, 'closed');
  }
});

test('a graceful close waits while the peer reads, and resets one that does not', (t) => {
  const { host, proactor, reactor, socket, send } = setUp();
  reactor.attempt(send(Buffer.alloc(FULL_BYTES)));
  const close = Object.assign(closeOperation(socket, never), { lingerMs: 100 });
  reactor.attempt(close);
  host.turn();
  for (let i = 1; i <= 3; i += 1) {
    host.now = i * 100 - 1;
    host.turn(() => proactor.end('send', 'done'));
    host.now = i * 100;
    host.turn();
    t.is(proactor.oldest('close'), undefined, `it goes on at ${host.now} ms`);
  }
  host.now = 400;
  host.turn();
  t.is(proactor.oldest('close')?.how, 'reset');
});

test('a socket that is closed is reported to who waits on it', (t) => {
  const { host, proactor, reactor, socket, wait } = setUp();
  const read = wait('read');
  const close = Object.assign(closeOperation(socket, never), { how: 'reset' });
  reactor.attempt(close);
  host.turn(() => proactor.end('recv', 'cancelled', { bytes: 0 }));
  t.is(read.reports, 0);
  host.turn(() => proactor.end('close', 'done'));
  t.is(read.reports, 1);
  reactor.attempt(close);
  const late = waitOn({ host, proactor, reactor }, 'read', socket);
  t.is(late.reports, 0);
  host.settle();
  t.is(late.reports, 1);
});

/** A connect that has begun. */
function connecting(it: Bench): ConnectOperation {
  const connect = connectOperation(ANYWHERE, never);
  it.reactor.attempt(connect);
  return connect;
}

test('a connect begins with its attempt, is waited for, and tells how it went', (t) => {
  const it = bench();
  const connect = connecting(it);
  t.is(connect.status, 'idle');
  const write = waitOn(it, 'write', connect.socket);
  it.host.settle();
  t.is(it.reactor.attempt(connect), 'write');
  t.is(it.proactor.pending.length, 1, 'it has begun once');
  it.host.turn(() => it.proactor.end('connect', 'failed', { fault: RESET }));
  t.is(write.reports, 1);
  t.is(it.reactor.attempt(connect), 'completed');
  t.deepEqual([connect.status, connect.fault, connect.socket], ['failed', RESET, -1]);
});

test('an opening that never gets a socket number is reported all the same', (t) => {
  const it = bench();
  it.proactor.nextSocket = -1;
  const [first, second] = [connecting(it), connecting(it)];
  t.not(first.socket, second.socket);
  const write = waitOn(it, 'write', first.socket);
  it.host.turn(() => it.proactor.end('connect', 'failed', { fault: RESET }));
  t.is(write.reports, 1);
  t.is(it.reactor.attempt(first), 'completed');
  t.is(it.reactor.attempt(second), 'write');
});

test('an abandoned connect leaves no socket, even when it succeeds', (t) => {
  for (const late of [false, true]) {
    const it = bench();
    const connect = connecting(it);
    if (late) it.proactor.end('connect', 'done');
    it.reactor.abandon(connect);
    t.is(connect.status, 'cancelled');
    it.host.settle();
    t.is(it.proactor.oldest('connect'), undefined);
    t.is(it.proactor.oldest('close')?.how, late ? 'reset' : undefined);
  }
});

test('a listener takes one connection ahead, and resets it when it closes', (t) => {
  const it = bench();
  const { host, proactor, reactor } = it;
  const listen = listenOperation(ANYWHERE, never);
  reactor.attempt(listen);
  host.turn(() => proactor.end('listen', 'done', { bound: ANYWHERE }));
  t.is(reactor.attempt(listen), 'completed');
  t.is(listen.bound, ANYWHERE);
  const accept = acceptOperation(listen.socket, never);
  t.is(reactor.attempt(accept), 'read');
  const read = waitOn(it, 'read', listen.socket);
  host.turn(() => proactor.end('accept', 'done', { accepted: 50 }));
  t.is(read.reports, 1);
  t.is(reactor.attempt(accept), 'completed');
  t.is(accept.accepted, 50);
  t.is(reactor.attempt(accept), 'read');

  reactor.wait(read.watch);
  host.turn(() => proactor.end('accept', 'done', { accepted: 51 }));
  reactor.wait(read.watch);
  host.settle();
  t.is(proactor.oldest('accept'), undefined, 'no second one ahead');
  reactor.attempt(closeOperation(listen.socket, never));
  const closes = proactor.pending.map((operation) => 'socket' in operation && operation.socket);
  t.true(closes.includes(51));
});

test('a fault of an accept is told once, and the listener goes on', (t) => {
  const it = bench();
  const { host, proactor, reactor } = it;
  const listen = listenOperation(ANYWHERE, never);
  reactor.attempt(listen);
  host.turn(() => proactor.end('listen', 'done', { bound: ANYWHERE }));
  reactor.attempt(listen);
  const read = waitOn(it, 'read', listen.socket);
  host.turn(() => proactor.end('accept', 'failed', { fault: RESET }));
  const accept = acceptOperation(listen.socket, never);
  t.is(reactor.attempt(accept), 'completed');
  t.is(accept.fault, RESET);
  t.is(reactor.attempt(accept), 'read');
  reactor.wait(read.watch);
  t.not(proactor.oldest('accept'), undefined);
});

/** A bench with an open datagram socket. */
function datagrams() {
  const it = bench();
  const open = udpOpenOperation(ANYWHERE, never);
  it.reactor.attempt(open);
  it.host.turn(() => it.proactor.end('udpOpen', 'done', { bound: ANYWHERE }));
  it.reactor.attempt(open);
  return { ...it, socket: open.socket, read: waitOn(it, 'read', open.socket) };
}

test('a datagram is kept whole, so that the buffer that takes it decides what is cut', (t) => {
  const { host, proactor, reactor, socket } = datagrams();
  const answer = { ...bytesOf('datagram'), size: 8, truncated: false, from: ANYWHERE };
  host.turn(() => proactor.end('udpRecv', 'done', answer));
  answer.data.fill(0);
  const peek = udpPeekOperation(socket, never);
  t.is(reactor.attempt(peek), 'completed');
  t.is(peek.size, 8);
  const recv = udpRecvOperation(socket, never);
  recv.into = new Uint8Array(4);
  t.is(reactor.attempt(recv), 'completed');
  t.is(Buffer.from(recv.into).toString(), 'data');
  t.deepEqual([recv.bytes, recv.size, recv.truncated, recv.from], [4, 8, true, ANYWHERE]);
  t.is(reactor.attempt(recv), 'read');
});

test('an empty datagram waits until it is received', (t) => {
  const { host, proactor, reactor, socket, read } = datagrams();
  const answer = { ...bytesOf(''), size: 0, truncated: false, from: ANYWHERE };
  host.turn(() => proactor.end('udpRecv', 'done', answer));
  t.is(read.reports, 1);
  const peek = udpPeekOperation(socket, never);
  t.is(reactor.attempt(peek), 'completed');
  const recv = udpRecvOperation(socket, never);
  t.is(reactor.attempt(recv), 'completed');
  t.deepEqual([recv.status, recv.size, recv.truncated], ['done', 0, false]);
  t.is(reactor.attempt(peek), 'read');
});

test('a notice is told once, by a peek too, and the socket goes on', (t) => {
  const { host, proactor, reactor, socket, read } = datagrams();
  host.turn(() => proactor.end('udpRecv', 'icmp', { fault: RESET }));
  const peek = udpPeekOperation(socket, never);
  t.is(reactor.attempt(peek), 'completed');
  t.deepEqual([peek.status, peek.fault], ['icmp', RESET]);
  t.is(reactor.attempt(peek), 'read');
  reactor.wait(read.watch);
  t.not(proactor.oldest('udpRecv'), undefined);
});

test('a datagram is copied, one at a time, and its own attempt tells how it went', (t) => {
  const it = datagrams();
  const { host, proactor, reactor, socket } = it;
  const first = udpSendOperation(socket, never);
  first.data = Buffer.from('first');
  const second = udpSendOperation(socket, never);
  t.is(reactor.attempt(first), 'write');
  first.data.fill(0);
  t.is(reactor.attempt(second), 'write');
  t.is(proactor.pending.filter(({ kind }) => kind === 'udpSend').length, 1);
  const own = proactor.oldest('udpSend')?.data as Uint8Array;
  t.is(Buffer.from(own).toString(), 'first');
  const write = waitOn(it, 'write', socket);
  host.turn(() => proactor.end('udpSend', 'failed', { fault: RESET }));
  t.is(write.reports, 1);
  t.is(reactor.attempt(first), 'completed');
  t.deepEqual([first.status, first.fault], ['failed', RESET]);
  t.is(reactor.attempt(second), 'write');
});

test('an operation that its socket does not know fails as badArgument', (t) => {
  const { reactor, socket } = setUp();
  reactor.attempt(recvOperation(socket, never));
  const misfit = udpRecvOperation(socket, never);
  t.is(reactor.attempt(misfit), 'completed');
  t.is(misfit.fault?.code, 'badArgument');
});

test('a closed port tells all who wait, and every attempt fails', (t) => {
  const { host, reactor, socket, send, wait } = setUp();
  reactor.attempt(send(Buffer.alloc(HIGH_BYTES + 1)));
  const [read, write] = [wait('read'), wait('write')];
  host.turn();
  let closed = 0;
  reactor.close(() => {
    closed += 1;
  });
  host.settle();
  t.deepEqual([read.reports, write.reports, closed], [1, 1, 1]);
  for (const operation of [recvOperation(socket, never), send('x')]) {
    t.is(reactor.attempt(operation), 'completed');
    t.is(operation.fault?.code, 'closed');
  }
  const connect = connectOperation(ANYWHERE, never);
  t.is(reactor.attempt(connect), 'completed');
  t.is(connect.fault?.code, 'closed');
});
