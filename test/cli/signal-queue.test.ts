import test from 'ava';
import {
  type ProgramSignal,
  SignalQueue,
  WAITING_SIGNALS_MAX,
} from '../../src/cli/signal-queue.ts';

test.serial('signals wait for somebody who can act on them, in their order', (t) => {
  const queue = new SignalQueue();
  process.emit('SIGHUP', 'SIGHUP');
  process.emit('SIGUSR1', 'SIGUSR1');
  const seen: ProgramSignal[] = [];
  queue.handle((signal) => seen.push(signal));
  t.deepEqual(seen, ['SIGHUP', 'SIGUSR1']);
  process.emit('SIGTERM', 'SIGTERM');
  t.deepEqual(seen, ['SIGHUP', 'SIGUSR1', 'SIGTERM']);
});

for (const [sent, kept] of [
  [WAITING_SIGNALS_MAX, WAITING_SIGNALS_MAX],
  [WAITING_SIGNALS_MAX + 1, WAITING_SIGNALS_MAX],
] as const) {
  test.serial(`of ${sent} signals ${kept} wait`, (t) => {
    const queue = new SignalQueue();
    for (let count = 0; count < sent; count += 1) process.emit('SIGHUP', 'SIGHUP');
    let seen = 0;
    queue.handle(() => {
      seen += 1;
    });
    t.is(seen, kept);
  });
}

test.afterEach.always(() => {
  for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const) {
    process.removeAllListeners(signal);
  }
});
