import test from 'ava';
import { Carry } from '../../src/http/carry.ts';

const textOf = (carry: Carry): string =>
  Buffer.from(carry.data).toString('latin1', carry.at, carry.end);

function add(carry: Carry, text: string): void {
  carry.add(Buffer.from(`<${text}>`, 'latin1'), 1, text.length + 1);
}

test('what is added comes behind what is there, as a copy', (t) => {
  const carry = new Carry();
  const lent = Buffer.from('abc');
  carry.add(lent, 0, 3);
  lent.fill(0);
  add(carry, 'def');
  t.is(textOf(carry), 'abcdef');
  t.is(carry.bytes, 6);
});

test('what was used is gone, and what was not stays', (t) => {
  const carry = new Carry();
  add(carry, 'abcdef');
  carry.use(carry.at + 4);
  add(carry, 'gh');
  t.is(textOf(carry), 'efgh');
});

test('an empty one holds no buffer', (t) => {
  const carry = new Carry();
  add(carry, 'abc');
  carry.use(carry.end);
  t.is(carry.bytes, 0);
  t.is(carry.data.length, 0);
});

test('it grows over its first room, and finds again the room that was used', (t) => {
  const carry = new Carry();
  let expected = '';
  for (let i = 0; i < 5_000; i += 1) {
    const piece = String.fromCharCode(0x61 + (i % 26)).repeat(1 + (i % 7));
    add(carry, piece);
    expected += piece;
    if (i % 3 === 0) {
      carry.use(carry.at + 2);
      expected = expected.slice(2);
    }
  }
  t.is(textOf(carry), expected);
  t.true(carry.data.length <= 4 * carry.bytes, 'no more room than four times what it holds');
});
