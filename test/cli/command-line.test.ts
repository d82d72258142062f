import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import test from 'ava';
import { ended, Place } from './running-program.ts';

const PID = 'return 200 $pid;';

test.serial('-t says in two lines that all is well, and leaves nothing behind', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const { status, out, err } = await place.run(['-t']);
  const file = place.path('nginx.conf');
  t.is(status, 0);
  t.is(out, '');
  t.is(
    err,
    `nginx: the configuration file ${file} syntax is ok\n` +
      `nginx: configuration file ${file} test is successful\n`,
  );
  t.false(existsSync(place.path('a.sock')));
  t.false(existsSync(place.path('logs/nginx.pid')));
});

test.serial('-tq is silent when all is well, and says what is wrong', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  t.deepEqual(await place.run(['-tq']), { status: 0, out: '', err: '' });
  place.configure('nonsense;');
  const { status, err } = await place.run(['-tq']);
  t.is(status, 1);
  t.regex(err, /^nginx: \[emerg\] unknown directive "nonsense" in \S+nginx\.conf:\d+\n/);
  t.true(err.endsWith(`nginx: configuration file ${place.path('nginx.conf')} test failed\n`));
});

test.serial('-t: what is wrong beyond the text comes after the text was found good', async (t) => {
  const place = new Place(t);
  place.configure(`listen unix:${place.path('none/b.sock')};`);
  const { status, err } = await place.run(['-t']);
  t.is(status, 1);
  const [first, second, third] = err.split('\n');
  t.true(first?.endsWith('syntax is ok'));
  t.regex(
    second ?? '',
    /^nginx: \[emerg\] bind\(\) to \S+ failed \(2: No such file or directory\)$/,
  );
  t.true(third?.endsWith('test failed'));
});

test.serial('-t: a variable that nobody knows is a fault of the text', async (t) => {
  const place = new Place(t);
  place.configure('return 200 $nonsense;');
  const { status, err } = await place.run(['-t']);
  t.is(status, 1);
  t.true(err.startsWith('nginx: [emerg] unknown "nonsense" variable\n'));
});

test.serial('-t: an address that is in use is no fault', async (t) => {
  const place = new Place(t);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(place.path('a.sock'), resolve));
  t.teardown(() => other.close());
  place.configure(PID);
  t.is((await place.run(['-t'])).status, 0);
  t.true(existsSync(place.path('a.sock')));
});

test.serial('-T prints the files, byte by byte', async (t) => {
  const place = new Place(t);
  place.configure('include more.conf;');
  place.write('more.conf', 'return 200 more;\n');
  const { status, out } = await place.run(['-T']);
  t.is(status, 0);
  const [main, more] = [place.path('nginx.conf'), place.path('more.conf')];
  t.is(
    out,
    `# configuration file ${main}:\n${place.read('nginx.conf')}\n` +
      `# configuration file ${more}:\nreturn 200 more;\n\n`,
  );
});

test.serial('what is wrong at the start is on standard error, and in the log of -e', async (t) => {
  const place = new Place(t);
  place.configure('nonsense;');
  const { status, err } = await place.run(['-e', 'logs/early.log']);
  t.is(status, 1);
  t.regex(err, /^nginx: \[emerg\] unknown directive "nonsense"/);
  t.regex(place.read('logs/early.log'), /^\d{4}\/\S+ \S+ \[emerg\] \d+#\d+: unknown directive/);
  t.is(place.pid, undefined);
});

test.serial('an address in use is tried five times, half a second apart', async (t) => {
  const place = new Place(t);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(place.path('a.sock'), resolve));
  t.teardown(() => other.close());
  place.configure(PID);
  const startMs = performance.now();
  const { status, err } = await place.run([]);
  t.true(performance.now() - startMs >= 2_000);
  t.is(status, 1);
  const line = `nginx: [emerg] bind() to unix:${place.path('a.sock')} failed (98: Address already in use)\n`;
  t.is(err, `${line.repeat(5)}nginx: [emerg] still could not bind()\n`);
  t.is(place.pid, undefined);
});

test.serial('-s signals the process of the pid file', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const child = await place.start();
  t.is((await place.run(['-s', 'reload'])).status, 0);
  await place.logged('exited with code 0');
  t.is((await place.run(['-s', 'stop'])).status, 0);
  t.is(await ended(child), 0);
  t.true(place.log.includes('signal 15 (SIGTERM) received'));
});

test.serial('-s says what is wrong with the pid file', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const pid = place.path('logs/nginx.pid');
  t.deepEqual(await place.run(['-s', 'quit']), {
    status: 1,
    out: '',
    err: `nginx: [error] open() "${pid}" failed (2: No such file or directory)\n`,
  });
  place.write('logs/nginx.pid', 'x\n');
  t.deepEqual(await place.run(['-s', 'quit']), {
    status: 1,
    out: '',
    err: `nginx: [error] invalid PID number "x" in "${pid}"\n`,
  });
});

test.serial('a command line that is wrong ends with 1 and one line', async (t) => {
  const place = new Place(t);
  const wrong = [
    ['-x', 'nginx: invalid option: "x"\n'],
    ['-s', 'nginx: option "-s" requires parameter\n'],
    ['-sfoo', 'nginx: invalid option: "-s foo"\n'],
  ] as const;
  for (const [option, err] of wrong) {
    t.deepEqual(await place.run([option]), { status: 1, out: '', err });
  }
});

test.serial('-v and -V tell the version on standard error', async (t) => {
  const place = new Place(t);
  const short = await place.run(['-v']);
  t.is(short.status, 0);
  t.regex(short.err, /^nginx version: nginx\/\d+\.\d+\.\d+ \(sluice \d+\.\d+\.\d+\)\n$/);
  const long = await place.run(['-V']);
  t.is(long.status, 0);
  t.true(long.err.startsWith(short.err));
  t.regex(long.err, /\nbuilt with OpenSSL \d+\.\d+\.\d+\nconfigure arguments: --build='sluice /);
});
