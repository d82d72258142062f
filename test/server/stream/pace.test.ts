import test from 'ava';
import { Pace } from '../../../src/server/stream/proxy/pace.ts';

test('a rate allows its bytes in each second that has begun, the first one included', (t) => {
  const pace = new Pace(100, 5_900);
  t.is(pace.room(0, 5_950), 100);
  t.is(pace.room(100, 5_999), 0);
  t.is(pace.room(100, 6_000), 100);
});

test('without room the wait lasts until there is some', (t) => {
  const pace = new Pace(100, 0);
  t.is(pace.waitMs(0), 1);
  t.is(pace.waitMs(-50), 501);
});

test('what has come is worth a pause', (t) => {
  t.is(new Pace(100, 0).pauseMs(50), 500);
  t.is(new Pace(100_000, 0).pauseMs(50), 0, 'less than a millisecond is none');
});

test('without a rate there is always room, and no pause', (t) => {
  const pace = new Pace(0, 0);
  t.is(pace.room(1e12, 0), Number.POSITIVE_INFINITY);
  t.is(pace.pauseMs(1e12), 0);
});
