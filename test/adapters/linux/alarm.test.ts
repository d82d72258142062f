import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { Alarm } from '../../../adapters/linux/alarm.ts';

const DELAY_MS_MAX = 2 ** 31 - 1;

/** An alarm, how often it has rung, and who waits for that. */
class Rung {
  readonly alarm: Alarm = new Alarm(() => this.#onRing());
  times = 0;
  #wake: (() => void) | undefined;

  /** Waits for the next ring. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #onRing(): void {
    this.times += 1;
    this.#wake?.();
  }
}

const inMs = (ms: number): number => performance.now() + ms;
/** Timers of Node's that keep the process alive. */
const timeouts = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test.serial('it rings once, at its time', async (t) => {
  const rung = new Rung();
  const startMs = performance.now();
  rung.alarm.ringAt(startMs + 20, true);
  await rung.next();
  t.true(performance.now() - startMs > 18, 'within what Node may be early');
  await setTimeout(40);
  t.is(rung.times, 1);
});

test.serial('a time that is past rings soon, and not inside the call', async (t) => {
  const rung = new Rung();
  rung.alarm.ringAt(inMs(-1000), true);
  t.is(rung.times, 0);
  await rung.next();
  t.is(rung.times, 1);
});

test.serial('an earlier time takes the place of a later one, which is forgotten', async (t) => {
  const rung = new Rung();
  rung.alarm.ringAt(inMs(50), true);
  rung.alarm.ringAt(inMs(1), true);
  await rung.next();
  await setTimeout(80);
  t.is(rung.times, 1);
});

test.serial('a later time changes nothing: whoever has rung asks again', async (t) => {
  t.timeout(10_000, 'it has not rung');
  const rung = new Rung();
  const startMs = performance.now();
  rung.alarm.ringAt(startMs + 5, true);
  rung.alarm.ringAt(startMs + 60_000, true);
  await rung.next();
  t.true(performance.now() - startMs < 10_000);
});

test.serial('it can be set again while it rings', async (t) => {
  let left = 3;
  await new Promise<void>((resolve) => {
    const alarm = new Alarm(() => {
      left -= 1;
      if (left === 0) resolve();
      else alarm.ringAt(inMs(1), true);
    });
    alarm.ringAt(inMs(1), true);
  });
  t.is(left, 0);
});

test.serial('one that was cancelled does not ring, and can be set again', async (t) => {
  const rung = new Rung();
  rung.alarm.ringAt(inMs(1), true);
  rung.alarm.cancel();
  await setTimeout(20);
  t.is(rung.times, 0);
  rung.alarm.ringAt(inMs(60_000), true);
  rung.alarm.cancel();
  rung.alarm.ringAt(inMs(30_000), true);
  rung.alarm.ringAt(inMs(1), true);
  await rung.next();
  t.is(rung.times, 1);
});

test.serial('it keeps the process alive when it is told to, as told last', (t) => {
  const { alarm } = new Rung();
  const before = timeouts();
  alarm.ringAt(inMs(60_000), false);
  t.is(timeouts(), before);
  alarm.ringAt(inMs(70_000), true);
  t.is(timeouts(), before + 1, 'also where the time itself changes nothing');
  alarm.ringAt(inMs(50_000), true);
  t.is(timeouts(), before + 1);
  for (const ms of [40_000, 30_000]) {
    alarm.ringAt(inMs(ms), false);
    t.is(timeouts(), before);
  }
  alarm.ringAt(inMs(60_000), true);
  alarm.cancel();
  t.is(timeouts(), before, 'and not when it is cancelled');
});

test.serial('a delay that Node cannot count is cut, and does not ring at once', async (t) => {
  for (const delayMs of [DELAY_MS_MAX, DELAY_MS_MAX + 10_000, Number.MAX_SAFE_INTEGER]) {
    const rung = new Rung();
    rung.alarm.ringAt(inMs(delayMs), false);
    await setTimeout(10);
    t.is(rung.times, 0, String(delayMs));
    rung.alarm.cancel();
  }
});
