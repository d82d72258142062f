import test from 'ava';
import { LentViews } from '../../../src/dns/transport/lent-views.ts';

test('a view of the same bytes is the same view, and shows what is there now', (t) => {
  const views = new LentViews();
  const data = new Uint8Array(4_096);
  const first = views.of(data, 0, 40);
  t.is(first.length, 40);
  data[39] = 7;
  t.is(views.of(data, 0, 40), first);
  t.is(first[39], 7);
});

test('other bytes get a view of their own', (t) => {
  const views = new LentViews();
  const data = new Uint8Array(4_096).fill(1);
  const whole = new Uint8Array(40).fill(2);
  const first = views.of(data, 0, 40);
  t.is(views.of(whole, 0, 40), whole);
  const other = views.of(new Uint8Array(4_096).fill(3), 0, 40);
  t.deepEqual([first[0], other[0]], [1, 3]);
  t.is(views.of(data, 8, 40).byteOffset, 8);
  t.is(views.of(data, 0, 2_048), views.of(data, 0, 2_048));
  t.not(views.of(data, 0, 2_049), views.of(data, 0, 2_049), 'long ones are not kept');
});
