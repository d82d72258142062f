import test from 'ava';
import { timerOperation } from '../../src/core/operations.ts';
import { ManualHost } from './manual-host.ts';

function submit(host: ManualHost, atMs: number, background: boolean) {
  const timer = timerOperation(() => {});
  timer.atMs = atMs;
  timer.background = background;
  host.loop.submitTimer(timer);
  return timer;
}

test('a timer in the background completes in its time, and keeps no process alive', (t) => {
  const host = new ManualHost();
  const timer = submit(host, 10, true);
  t.is(host.wakeAtMs, 10);
  t.false(host.keepAlive);
  t.is(host.loop.pendingTimers, 1, 'it is a timer that is pending all the same');
  host.now = 10;
  host.turn();
  t.is(timer.status, 'done');
  t.is(host.loop.pendingTimers, 0);
});

test('another timer keeps the process alive until it has ended', (t) => {
  const host = new ManualHost();
  submit(host, 30, true);
  submit(host, 20, false);
  t.true(host.keepAlive);
  host.now = 20;
  host.turn();
  t.false(host.keepAlive);
  t.is(host.wakeAtMs, 30);
});

test('one that was cancelled, or ended with its loop, is not counted any more', (t) => {
  const host = new ManualHost();
  const cancelled = submit(host, 10, true);
  host.loop.cancelTimer(cancelled);
  host.turn();
  t.is(cancelled.status, 'cancelled');
  submit(host, 20, false);
  t.true(host.keepAlive);
  submit(host, 30, true);
  host.loop.close();
  t.is(host.loop.pendingTimers, 0);
});
