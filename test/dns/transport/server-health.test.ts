import test from 'ava';
import {
  BACK_OFF_MS_MAX,
  BACK_OFF_MS_MIN,
  ServerHealth,
} from '../../../src/dns/transport/server-health.ts';

test('the first round trip is taken as it is, with half of it as deviation', (t) => {
  const health = new ServerHealth();
  t.is(health.expectedMs, -1);
  health.answered(1_000, 1_040);
  t.is(health.rttMs, 40);
  t.is(health.expectedMs, 40 + 4 * 20);
});

test('later ones count an eighth, and a quarter for the deviation (RFC 6298)', (t) => {
  const health = new ServerHealth();
  health.answered(0, 40);
  health.answered(100, 180);
  t.is(health.rttMs, 45);
  t.is(health.expectedMs, 45 + 4 * (20 + (40 - 20) / 4));
  health.answered(300, 299);
  t.true(health.rttMs > 0, 'an answer before the question is one at once');
});

test('the back-off begins with the question, and doubles from 1 s to 10 s', (t) => {
  const health = new ServerHealth();
  const offs: number[] = [];
  for (let i = 1; i <= 6; i += 1) {
    const sentMs = i * 100_000;
    health.failed(sentMs, sentMs + 250);
    offs.push(health.backOffUntilMs - sentMs);
  }
  t.deepEqual(offs, [BACK_OFF_MS_MIN, 2_000, 4_000, 8_000, BACK_OFF_MS_MAX, BACK_OFF_MS_MAX]);
  health.restored(700_000);
  t.is(health.failures, 0);
  t.is(health.backOffUntilMs, 0);
});

test('questions that were under way when the server failed fail with it, and count once', (t) => {
  const health = new ServerHealth();
  for (const sentMs of [0, 1, 2, 250]) health.failed(sentMs, Math.max(sentMs, 250));
  t.is(health.failures, 1);
  health.failed(251, 500);
  t.is(health.failures, 2);
});

test('one that was lost while later ones were answered is no failure', (t) => {
  const health = new ServerHealth();
  health.answered(10, 20);
  health.failed(5, 255);
  t.is(health.failures, 0);
  health.failed(21, 271);
  t.is(health.failures, 1);
});
