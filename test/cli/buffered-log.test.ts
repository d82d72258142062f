import { Buffer } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { BufferedLog } from '../../src/cli/buffered-log.ts';

function written(): { readonly lines: string[]; write(text: string): void } {
  const lines: string[] = [];
  return { lines, write: (text) => void lines.push(text) };
}

test('lines are written together when so many bytes are there', (t) => {
  const to = written();
  const log = new BufferedLog(to, { buffer: 6, flush: undefined, gzip: 0 });
  log.write('12\n');
  log.write('4\n');
  t.deepEqual(to.lines, []);
  log.write('\n');
  t.deepEqual(to.lines, ['12\n4\n\n']);
  log.flush();
  t.is(to.lines.length, 1);
});

test('lines wait no longer than that is said', async (t) => {
  // The log itself keeps no program from ending.
  const alive = setInterval(() => {}, 1000);
  const lines = await new Promise<string>((resolve) => {
    const log = new BufferedLog({ write: resolve }, { buffer: 1024, flush: 10, gzip: 0 });
    log.write('a\n');
    log.write('b\n');
  });
  clearInterval(alive);
  t.is(lines, 'a\nb\n');
});

test('each write is a compressed file of its own', (t) => {
  const to = written();
  const log = new BufferedLog(to, { buffer: 3, flush: undefined, gzip: 9 });
  log.write('a\xe4\n');
  log.write('bb\n');
  const files = to.lines.map((text) => gunzipSync(Buffer.from(text, 'latin1')).toString('latin1'));
  t.deepEqual(files, ['a\xe4\n', 'bb\n']);
});
