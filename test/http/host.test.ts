import test from 'ava';
import fc from 'fast-check';
import { isHost } from '../../src/http/host.ts';

/** uri-host [ ":" port ]: RFC 9110 §7.2. */
const FORM = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;
const piece = fc.constantFrom(
  'a',
  'Z',
  '.',
  '0',
  '9',
  ':',
  '[',
  ']',
  '@',
  '/',
  ' ',
  '%',
  '~',
  '\xe9',
);

test('a host is what the grammar says, wherever it stands in a text', (t) => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      t.is(isHost(`a:${text}:1`, 2, 2 + text.length), FORM.test(text), JSON.stringify(text));
    }),
    { numRuns: 2_000 },
  );
});

test('a port may be empty and have five digits, and not one more', (t) => {
  for (const text of ['a:', 'a:80', 'a:65535', '[::1]:8080']) t.true(isHost(text, 0, text.length));
  for (const text of ['', ':80', 'a:655350', 'a:8x', 'a:8:0', 'u@a', '[::1', 'a b']) {
    t.false(isHost(text, 0, text.length), text);
  }
});
