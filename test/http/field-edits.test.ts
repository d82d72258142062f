import test from 'ava';
import { FieldEdits } from '../../src/http/field-edits.ts';
import { MessageHead } from '../../src/http/message-head.ts';

const edits = (): FieldEdits => new FieldEdits(new MessageHead());

test('what one head is given is no other one’s, however often a name is set', (t) => {
  const [a, b, c] = [edits().set('X-A', '1'), edits().set('X-A', '2'), edits().set('X-A', '1')];
  c.append('X-A', '3').append('x-a', '3');
  t.is(a.lines(), 'X-A: 1\r\n');
  t.is(b.lines(), 'X-A: 2\r\n');
  t.is(c.lines(), 'X-A: 1\r\nX-A: 3\r\nx-a: 3\r\n');
  t.deepEqual(c.getAll('x-A'), ['1', '3', '3']);
  t.is(c.set('x-a', '4').lines(), 'x-a: 4\r\n');
});

test('a copy goes its own way', (t) => {
  const a = edits().set('X-A', '1');
  const b = a.copy().append('X-B', '2');
  a.append('X-C', '3');
  t.is(a.lines(), 'X-A: 1\r\nX-C: 3\r\n');
  t.is(b.lines(), 'X-A: 1\r\nX-B: 2\r\n');
});

test('every value is checked, also of a name that was set before', (t) => {
  const head = edits().set('X-A', 'good');
  for (const value of ['a\r\nb', 'a\nb', 'a\0', '\x7f', 'ā']) {
    t.throws(() => head.set('X-A', value), { instanceOf: TypeError });
    t.throws(() => head.append('X-New', value), { instanceOf: TypeError });
  }
  for (const name of ['', 'a b', 'a:', 'Content-Length', 'connection', 'TE']) {
    for (let i = 0; i < 2; i += 1) t.throws(() => head.set(name, '1'), { instanceOf: TypeError });
  }
  t.is(head.lines(), 'X-A: good\r\n');
});

test('long values, and more names than are remembered, are set as all others', (t) => {
  const long = 'v'.repeat(10_000);
  for (let i = 0; i < 600; i += 1) {
    t.is(edits().set(`X-${i}`, long).set(`X-${i}`, String(i)).lines(), `X-${i}: ${i}\r\n`);
    t.is(edits().set(`X-${i}`, long).get(`x-${i}`), long);
  }
});
