import test from 'ava';
import { BodyReader } from '../../src/http/body-reader.ts';

type Shown = { text: string; owned: boolean };

function reader(): { body: BodyReader; shown: Shown[] } {
  const shown: Shown[] = [];
  const body = new BodyReader({
    bodyBytes: (data, from, to, owned) => {
      shown.push({ text: Buffer.from(data).toString('latin1', from, to), owned });
    },
  });
  return { body, shown };
}

const data = Buffer.from('0123456789');

test('a body of a length takes no byte too many, and passes on whose the buffer is', (t) => {
  const { body, shown } = reader();
  body.start('length', 6);
  t.is(body.read(data, 2, 5, false), 5);
  t.false(body.done);
  t.is(body.read(data, 5, 10, true), 8);
  t.true(body.done);
  t.deepEqual(shown, [
    { text: '234', owned: false },
    { text: '567', owned: true },
  ]);
});

test('a body that is none, or has no bytes, has ended before it began', (t) => {
  const { body, shown } = reader();
  body.start('none', 99);
  t.true(body.done);
  t.is(body.read(data, 0, 10, false), 0);
  body.start('length', 0);
  t.true(body.done);
  t.deepEqual(shown, []);
});

test('a body without a length ends with the connection, and no other does', (t) => {
  const { body } = reader();
  body.start('close', 0);
  t.is(body.read(data, 0, 10, false), 10);
  t.false(body.done);
  t.true(body.endsHere());
  body.start('length', 11);
  body.read(data, 0, 10, false);
  t.false(body.endsHere());
  body.start('chunked', 0);
  t.false(body.endsHere());
});

test('one reader reads one body after another', (t) => {
  const { body, shown } = reader();
  const chunks = Buffer.from('2\r\nab\r\n0\r\n\r\n2\r\ncd\r\n0\r\n\r\n');
  body.start('chunked', 0);
  const at = body.read(chunks, 0, chunks.length, true);
  t.is(at, 12);
  t.true(body.done);
  body.start('chunked', 0);
  t.false(body.done);
  t.is(body.read(chunks, at, chunks.length, true), chunks.length);
  // The buffer of chunks holds framing, too: nobody may keep it.
  t.deepEqual(shown, [
    { text: 'ab', owned: false },
    { text: 'cd', owned: false },
  ]);
});
