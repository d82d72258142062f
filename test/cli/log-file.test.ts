import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { LogFile } from '../../src/cli/log-file.ts';
import { defineProxy, reply } from '../../src/cli/proxy.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-log-'));
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

function line(index: number): string {
  return `${index} ${'x'.repeat(index % 100)}\n`;
}

test('lines are appended in their order, however many there are, and close waits for them', async (t) => {
  const path = join(directory, 'order.log');
  let wanted = '';
  for (let part = 0; part < 2; part += 1) {
    const log = new LogFile(path);
    for (let i = 0; i < 20_000; i += 1) {
      log.write(line(i));
      wanted += line(i);
    }
    await log.close();
    t.is(log.lostLength, 0);
  }
  t.is(readFileSync(path, 'utf8'), wanted);
});

test('text that is no ASCII is written as UTF-8, whole', async (t) => {
  const path = join(directory, 'text.log');
  const log = new LogFile(path);
  log.write('grüße 🙂\n'.repeat(1000));
  await log.close();
  t.is(readFileSync(path, 'utf8'), 'grüße 🙂\n'.repeat(1000));
});

test('what waits is bounded: at the limit all is written, beyond it lines are lost', async (t) => {
  const path = join(directory, 'bound.log');
  const errors: Error[] = [];
  const onError = (error: Error) => errors.push(error);
  const log = new LogFile(path, { queuedLengthMax: 100, onError });
  log.write(`${'a'.repeat(59)}\n`);
  log.write(`${'b'.repeat(39)}\n`);
  log.write('\n');
  log.write('lost\n');
  t.is(log.lostLength, 6);
  t.deepEqual(
    errors.map(({ name }) => name),
    ['RangeError'],
    'told once',
  );
  await log.reopen();
  log.write('c\n');
  await log.close();
  t.is(readFileSync(path, 'utf8'), `${'a'.repeat(59)}\n${'b'.repeat(39)}\nc\n`);
});

test('a file that was moved away gets no more lines after reopen', async (t) => {
  const path = join(directory, 'moved.log');
  const log = new LogFile(path);
  log.write('one\n');
  await log.reopen();
  renameSync(path, `${path}.1`);
  log.write('two\n');
  await Promise.all([log.reopen(), log.reopen()]);
  log.write('three\n');
  await log.close();
  const files = [`${path}.1`, path].map((name) => readFileSync(name, 'utf8'));
  t.is(files.join('|').replace('|', ''), 'one\ntwo\nthree\n');
  t.true(files[0]?.startsWith('one\n'));
  t.true(files[1]?.endsWith('three\n'));
});

test('where the path cannot be opened anew, that is told, and the old file stays', async (t) => {
  const own = join(directory, 'own');
  const path = mkdtempSync(own);
  const errors: Error[] = [];
  const log = new LogFile(join(path, 'a.log'), { onError: (error) => errors.push(error) });
  renameSync(path, `${path}.away`);
  await log.reopen();
  log.write('still here\n');
  await log.close();
  t.is(readFileSync(join(`${path}.away`, 'a.log'), 'utf8'), 'still here\n');
  t.is((errors[0] as NodeJS.ErrnoException).code, 'ENOENT');
});

test('a path that cannot be opened at all throws', (t) => {
  t.throws(() => new LogFile(join(directory, 'none', 'a.log')), { code: 'ENOENT' });
});

test('lines after close are lost, and counted', async (t) => {
  const errors: Error[] = [];
  const options = { onError: (error: Error) => void errors.push(error) };
  const log = new LogFile(join(directory, 'closed.log'), options);
  await log.close();
  log.write('late\n');
  t.is(log.lostLength, 5);
  t.is(errors.length, 1);
  await log.reopen();
  await log.close();
});

(existsSync('/dev/full') ? test : test.skip)(
  'a full disk loses lines and is told once, and the program goes on',
  async (t) => {
    const errors: Error[] = [];
    const log = new LogFile('/dev/full', { onError: (error) => errors.push(error) });
    for (let i = 0; i < 10; i += 1) {
      log.write('line\n');
      await log.reopen();
    }
    await log.close();
    t.is((errors[0] as NodeJS.ErrnoException).code, 'ENOSPC');
    t.is(errors.length, 1);
    t.is(log.lostLength, 50);
  },
);

test('a proxy logs to a file: a line for each exchange, once it is closed', async (t) => {
  const path = join(directory, 'proxy.log');
  const accessLog = new LogFile(path);
  const app = defineProxy({ requestFilter: () => reply(200) });
  const running = await app.listen({ port: 0, host: '127.0.0.1', accessLog });
  const { port } = running.address;
  for (let i = 0; i < 3; i += 1) await (await fetch(`http://127.0.0.1:${port}/${i}`)).text();
  await running.close({ drainMs: 0 });
  await accessLog.close();
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  t.deepEqual(
    lines.map((one) => /"GET (\S+) HTTP\/1\.1" 200/.exec(one)?.[1]),
    ['/0', '/1', '/2'],
  );
});
