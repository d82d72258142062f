import test from 'ava';
import { BufferPool, SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import type { Capabilities } from '../../src/core/capabilities.ts';
import { type Fault, ownFault } from '../../src/core/fault.ts';
import type {
  RecvOperation,
  SendOperation,
  SocketId,
  SpliceOperation,
} from '../../src/core/operation.ts';
import { BULK_BYTES } from '../../src/net/pool-of.ts';
import { Relay } from '../../src/net/relay.ts';
import { RelayDirection, type RelaySides } from '../../src/net/relay-direction.ts';
import { CAPABILITIES, FakeProactor } from '../core/fake-proactor.ts';
import { ManualHost } from '../core/manual-host.ts';

const FROM = 1;
const TO = 2;

class SplicingProactor extends FakeProactor {
  override readonly capabilities: Capabilities = { ...CAPABILITIES, splice: 'kernel' };
}

class CopyingProactor extends FakeProactor {
  override readonly capabilities: Capabilities = { ...CAPABILITIES, receive: 'copied' };
}

/** One direction on a port whose kernel is the test, and what its relay was told. */
class Bench implements RelaySides {
  readonly host = new ManualHost();
  readonly port: FakeProactor;
  readonly direction: RelayDirection;
  readonly told: string[] = [];

  constructor(port: (host: ManualHost) => FakeProactor = ({ loop }) => new SplicingProactor(loop)) {
    this.port = port(this.host);
    this.port.sendsAtOnce = true;
    this.direction = new RelayDirection(this.port, new BufferPool(), FROM, TO, this);
    this.direction.start(undefined);
  }

  relayMoved(): void {}

  relayEnded(): void {
    this.told.push('ended');
  }

  relayFailed(fault: Fault | undefined, socket?: SocketId): void {
    const side = socket === FROM ? ' from' : ' to';
    this.told.push(`failed ${fault?.code}${socket === undefined ? '' : side}`);
  }

  get pending(): string {
    return this.port.pending.map(({ kind }) => kind).join();
  }

  received(bytes: number): void {
    const data = new Uint8Array(bytes);
    this.port.end('recv', 'done', { data, offset: 0, bytes } satisfies Partial<RecvOperation>);
    this.host.settle();
  }

  spliced(outcome: 'done' | 'eof' | 'refused' | 'failed', own: Partial<SpliceOperation>): void {
    this.port.end('splice', outcome, own);
    this.host.settle();
  }

  /** A first receive that fills the scratch buffer. */
  bulk(): this {
    this.received(SCRATCH_BYTES);
    return this;
  }
}

test('few bytes are received and sent; once they fill a receive, the kernel moves them', (t) => {
  const bench = new Bench();
  bench.received(SCRATCH_BYTES - 1);
  t.is(bench.pending, 'recv');
  bench.received(SCRATCH_BYTES);
  t.is(bench.pending, 'splice');
  const splice = bench.port.oldest('splice') as SpliceOperation;
  t.deepEqual([splice.socket, splice.to], [FROM, TO]);
  bench.spliced('done', { bytes: 16 * 1024 });
  t.is(bench.pending, 'splice');
  bench.spliced('done', { bytes: 16 * 1024 - 1 });
  t.is(bench.pending, 'recv', 'few again');
  t.is(bench.direction.bytes, 2 * SCRATCH_BYTES - 1 + 32 * 1024 - 1);
});

test('nothing is moved before what was copied is with the kernel', (t) => {
  const bench = new Bench();
  bench.port.sendsAtOnce = false;
  bench.bulk();
  t.is(bench.pending, 'send');
  t.is(bench.direction.queuedBytes, SCRATCH_BYTES);
  bench.port.end('send', 'done');
  bench.host.settle();
  t.is(bench.pending, 'splice');
});

/** A receive that has put `bytes` bytes into a chunk of the pool that it was given. */
function receivedInChunk(bench: Bench, bytes: number): BufferPool {
  const { pool } = bench.port.oldest('recv') as RecvOperation;
  const chunk = pool?.take() as Uint8Array;
  bench.port.end('recv', 'done', { data: chunk, chunk, offset: 0, bytes });
  return pool as BufferPool;
}

test('where the kernel moves nothing, much is received into chunks that are sent as they are', (t) => {
  const bench = new Bench(({ loop }) => new FakeProactor(loop)).bulk();
  bench.port.sendsAtOnce = false;
  const pool = receivedInChunk(bench, BULK_BYTES);
  bench.host.settle();
  t.is((bench.port.oldest('send') as SendOperation).pieces[0]?.length, BULK_BYTES);
  t.is(pool.lent, 1);
  bench.port.end('send', 'done');
  bench.host.settle();
  t.is(pool.lent, 0);
  t.is(bench.pending, 'recv');
});

test('few bytes in a chunk are copied, and the next receive gets none', (t) => {
  const bench = new Bench(({ loop }) => new FakeProactor(loop)).bulk();
  bench.port.sendsAtOnce = false;
  const pool = receivedInChunk(bench, 16 * 1024 - 1);
  bench.host.settle();
  t.is(pool.lent, 0);
  t.is(bench.direction.queuedBytes, 16 * 1024 - 1);
  t.is((bench.port.oldest('recv') as RecvOperation).pool, undefined);
});

test('a chunk that comes after the relay has stopped is given back', (t) => {
  const bench = new Bench(({ loop }) => new FakeProactor(loop)).bulk();
  const pool = receivedInChunk(bench, BULK_BYTES);
  bench.direction.stop();
  bench.host.settle();
  t.is(pool.lent, 0);
  t.is(bench.direction.queuedBytes, 0);
});

test('a port that copies into a caller’s buffer is given none', (t) => {
  const bench = new Bench(({ loop }) => new CopyingProactor(loop)).bulk();
  t.is((bench.port.oldest('recv') as RecvOperation).pool, undefined);
});

for (const [title, outcome, own] of [
  ['is refused', 'refused', {}],
  ['has no descriptors', 'failed', { fault: ownFault('fileDescriptors', 'pipe2') }],
] as const) {
  test(`when a splice ${title}, the bytes are copied, and it is tried again later`, (t) => {
    const bench = new Bench().bulk();
    bench.spliced(outcome, own);
    t.is(bench.pending, 'recv');
    t.deepEqual(bench.told, []);
    bench.bulk();
    t.is(bench.pending, 'splice');
  });
}

test('a socket that fails a splice fails the relay', (t) => {
  const bench = new Bench().bulk();
  bench.spliced('failed', { faultSide: 'to', fault: ownFault('reset', 'splice'), held: 7 });
  t.deepEqual(bench.told, ['failed reset to']);
  t.is(bench.direction.queuedBytes, 7);
});

test('the end behind a splice is given on as FIN', (t) => {
  const bench = new Bench().bulk();
  bench.spliced('eof', {});
  t.is(bench.pending, 'shutdown');
  bench.port.end('shutdown', 'done');
  bench.host.settle();
  t.deepEqual(bench.told, ['ended']);
});

test('what a splice has moved is counted while it is under way, and seen once', (t) => {
  const bench = new Bench().bulk();
  const splice = bench.port.oldest('splice') as SpliceOperation;
  t.false(bench.direction.movesOn());
  splice.bytes = 100;
  t.is(bench.direction.bytes, SCRATCH_BYTES + 100);
  t.true(bench.direction.movesOn());
  t.false(bench.direction.movesOn());
  bench.spliced('done', { bytes: 20_000 });
  t.is(bench.direction.bytes, SCRATCH_BYTES + 20_000);
});

test('bytes that a splice moves under way keep a relay from being idle, and no longer', (t) => {
  const host = new ManualHost();
  const port = new SplicingProactor(host.loop);
  port.sendsAtOnce = true;
  const relay = new Relay(port, new BufferPool(), FROM, TO, 1_000, () => {});
  relay.start('aToB');
  host.turn(() => {
    const data = new Uint8Array(SCRATCH_BYTES);
    port.end('recv', 'done', { data, offset: 0, bytes: data.length });
  });
  host.settle();
  const splice = port.oldest('splice') as SpliceOperation;
  const pass = (ms: number): void => {
    host.now += ms;
    host.turn();
    host.settle();
  };
  for (let i = 0; i < 5; i += 1) {
    splice.bytes += 1;
    pass(1_000);
    t.is(relay.why, undefined);
  }
  pass(999);
  t.is(relay.why, undefined);
  pass(1);
  t.is(relay.why, 'idle');
});

test('a direction says which of its sockets has failed', (t) => {
  const fault = ownFault('reset', 'test');
  const reading = new Bench();
  reading.port.end('recv', 'failed', { fault });
  reading.host.settle();
  t.deepEqual(reading.told, ['failed reset from']);

  const splicing = new Bench().bulk();
  splicing.spliced('failed', { faultSide: 'socket', fault });
  t.deepEqual(splicing.told, ['failed reset from']);

  const sending = new Bench();
  sending.port.sendsAtOnce = false;
  sending.received(1);
  sending.host.turn();
  sending.port.end('send', 'failed', { fault });
  sending.host.settle();
  t.deepEqual(sending.told, ['failed reset to']);

  const ending = new Bench();
  ending.port.end('recv', 'eof');
  ending.host.settle();
  ending.port.end('shutdown', 'failed', { fault });
  ending.host.settle();
  t.deepEqual(ending.told, ['failed reset to']);
});
