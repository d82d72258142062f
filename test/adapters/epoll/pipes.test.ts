import test from 'ava';
import { EpollSocket } from '../../../adapters/epoll/epoll-socket.ts';
import { splice } from '../../../adapters/epoll/splicing.ts';
import type { SystemCalls } from '../../../adapters/epoll/system-calls.ts';
import { EAGAIN, EMFILE } from '../../../adapters/linux/constants.ts';
import { PIPES_MAX, type Pipe, PipePool } from '../../../adapters/linux/pipes.ts';
import { spliceOperation } from '../../../src/core/operations.ts';

/** Descriptors that are numbers alone, and pipes that take and give whatever they are asked. */
class FakeCalls {
  readonly open = new Set<number>();
  newest = 100;
  /** Of the next pipe2, where it fails. */
  error = 0;
  splices = 0;
  /** What splice answers, in turn; then that it would block. */
  answers: number[] = [];
  readonly calls = {
    pipe2: (ends: Int32Array): number => {
      if (this.error !== 0) return -this.error;
      for (let i = 0; i < 2; i += 1) {
        this.newest += 1;
        ends[i] = this.newest;
        this.open.add(this.newest);
      }
      return 0;
    },
    fcntl: (): number => 0,
    splice: (): number => {
      this.splices += 1;
      return this.answers.shift() ?? -EAGAIN;
    },
    close: (fd: number): number => (this.open.delete(fd) ? 0 : -1),
  } as unknown as SystemCalls;
}

function lendAll(pool: PipePool): Pipe[] {
  return Array.from({ length: PIPES_MAX }, () => pool.take() as Pipe);
}

/** A splice between two sockets that are ready, by fake calls. */
function sockets(): { from: EpollSocket; to: EpollSocket } {
  const from = new EpollSocket(1, 'stream', 'ipv4');
  const to = new EpollSocket(2, 'stream', 'ipv4');
  return { from, to };
}

test('as many pipes are lent as may be, and not one more until one comes back', (t) => {
  const { calls } = new FakeCalls();
  const pool = new PipePool(calls);
  const lent = lendAll(pool);
  t.true(lent.every((pipe) => typeof pipe === 'object'));
  t.is(pool.take(), undefined);
  t.is(pool.lent, PIPES_MAX);
  lent[0]?.release();
  t.is(pool.take(), lent[0], 'an empty pipe is used again');
  t.is(pool.take(), undefined);
});

test('few of the pipes that come back are kept, and none after the pool is closed', (t) => {
  const fake = new FakeCalls();
  const pool = new PipePool(fake.calls);
  for (const pipe of lendAll(pool)) pipe.release();
  t.is(fake.open.size, 2 * 16);
  pool.close();
  t.is(fake.open.size, 0);
});

test('a pipe that comes back with bytes in it is closed', (t) => {
  const fake = new FakeCalls();
  const pool = new PipePool(fake.calls);
  const pipe = pool.take() as Pipe;
  pipe.bytes = 1;
  pipe.release();
  t.is(fake.open.size, 0);
  t.is(pool.lent, 0);
});

test('a splice beyond the bound of pipes is refused and takes nothing; one less goes', (t) => {
  const fake = new FakeCalls();
  const pool = new PipePool(fake.calls);
  const lent = lendAll(pool);
  const { from, to } = sockets();
  const operation = spliceOperation(0, 1, () => {});
  t.true(splice(fake.calls, pool, from, to, operation));
  t.is(operation.outcome, 'refused');
  t.is(fake.splices, 0);
  lent[0]?.release();
  fake.answers = [10, 10];
  operation.outcome = 'done';
  t.true(splice(fake.calls, pool, from, to, operation));
  t.deepEqual([operation.outcome, operation.bytes], ['done', 10]);
});

test('a splice for which there is no descriptor fails on neither side', (t) => {
  const fake = new FakeCalls();
  fake.error = EMFILE;
  const pool = new PipePool(fake.calls);
  const { from, to } = sockets();
  const operation = spliceOperation(0, 1, () => {});
  t.true(splice(fake.calls, pool, from, to, operation));
  t.deepEqual([operation.outcome, operation.fault?.code], ['failed', 'fileDescriptors']);
  t.is(operation.faultSide, undefined);
  t.is(pool.lent, 0);
});

test('a socket holds a pipe only while bytes are in it', (t) => {
  const fake = new FakeCalls();
  const pool = new PipePool(fake.calls);
  const { from, to } = sockets();
  const operation = spliceOperation(0, 1, () => {});
  t.false(splice(fake.calls, pool, from, to, operation), 'nothing has come');
  t.is(pool.lent, 0);
  from.readable = 'ready';
  fake.answers = [10, 4];
  t.false(splice(fake.calls, pool, from, to, operation), 'the target takes a part');
  t.deepEqual([operation.bytes, operation.held, pool.lent], [4, 6, 1]);
  to.writable = 'ready';
  fake.answers = [6];
  t.true(splice(fake.calls, pool, from, to, operation));
  t.deepEqual([operation.bytes, operation.held, pool.lent], [10, 0, 0]);
});

test('a target that is exhausted is given nothing, and nothing is taken for it', (t) => {
  const fake = new FakeCalls();
  const pool = new PipePool(fake.calls);
  const { from, to } = sockets();
  to.writable = 'exhausted';
  t.false(
    splice(
      fake.calls,
      pool,
      from,
      to,
      spliceOperation(0, 1, () => {}),
    ),
  );
  t.is(fake.splices, 0);
});
