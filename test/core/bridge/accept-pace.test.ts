import test from 'ava';
import { AcceptPace } from '../../../src/core/bridge/accept-pace.ts';

/** How many are taken in a row in `turn`, where there is always another one. */
function taken(pace: AcceptPace, turn: number): number {
  for (let count = 1; ; count += 1) if (!pace.goesOn(turn)) return count;
}

test('one is taken when a listener is reported, and more when it is turn after turn', (t) => {
  const pace = new AcceptPace();
  t.deepEqual(
    [7, 8, 9, 10, 11, 12, 13, 14].map((turn) => taken(pace, turn)),
    [1, 1, 2, 4, 8, 16, 32, 32],
  );
});

test('a turn without a connection ends the row', (t) => {
  const pace = new AcceptPace();
  for (const turn of [1, 2, 3, 4]) taken(pace, turn);
  t.deepEqual([taken(pace, 6), taken(pace, 7), taken(pace, 8)], [1, 1, 2]);
});
