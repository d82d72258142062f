import { existsSync, renameSync } from 'node:fs';
import test from 'ava';
import { connected, ended, Place, textOf } from './running-program.ts';

const PID = 'return 200 $pid;';

test.serial('the pid file names the process that was started, which answers by then', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const child = await place.start();
  t.is(place.pid, child.pid);
  t.is(await place.get(), String(child.pid));
});

for (const [signal, text] of [
  ['SIGQUIT', 'signal 3 (SIGQUIT) received from'],
  ['SIGTERM', 'signal 15 (SIGTERM) received from'],
  ['SIGINT', 'signal 2 (SIGINT) received from'],
] as const) {
  test.serial(`${signal} ends the program with status 0, and its files go with it`, async (t) => {
    const place = new Place(t);
    place.configure(PID);
    const child = await place.start();
    child.kill(signal);
    t.is(await ended(child), 0);
    t.false(existsSync(place.path('logs/nginx.pid')));
    t.false(existsSync(place.path('a.sock')));
    t.true(place.log.includes(text));
    t.regex(place.log, /: exit\n$/);
  });
}

test.serial('QUIT answers a request that has begun', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const child = await place.start();
  const socket = await connected(place.path('a.sock'));
  socket.write('GET / HTTP/1.1\r\nHo');
  // Another one's answer says that this one's bytes are there.
  await place.get();
  child.kill('SIGQUIT');
  await place.logged('gracefully shutting down');
  socket.write('st: a\r\n\r\n');
  const answer = await textOf(socket);
  t.regex(answer, /^HTTP\/1\.1 200 OK\r\n/);
  t.regex(answer, /\r\nConnection: close\r\n/);
  t.is(await ended(child), 0);
});

test.serial('worker_shutdown_timeout cuts what QUIT waits for', async (t) => {
  const place = new Place(t);
  place.configure(PID, 'worker_shutdown_timeout 50ms;');
  const child = await place.start();
  const socket = await connected(place.path('a.sock'));
  socket.write('GET / HTTP/1.1\r\nHo');
  await place.get();
  child.kill('SIGQUIT');
  t.is(await textOf(socket), '');
  t.is(await ended(child), 0);
});

test.serial('HUP: the new configuration answers, and the old one is gone', async (t) => {
  const place = new Place(t);
  place.configure('return 200 old;');
  const child = await place.start();
  t.is(await place.get(), 'old');
  place.configure('return 200 new;');
  child.kill('SIGHUP');
  await place.logged('exited with code 0');
  t.is(await place.get(), 'new');
  t.regex(place.log, /signal 1 \(SIGHUP\) received from \d+, reconfiguring\n/);
  t.true(place.log.includes('gracefully shutting down'));
});

test.serial('HUP with a configuration that is wrong changes nothing', async (t) => {
  const place = new Place(t);
  place.configure('return 200 old;');
  const child = await place.start();
  place.configure('return 200 new; nonsense;');
  child.kill('SIGHUP');
  await place.logged('[emerg]');
  t.regex(place.log, /unknown directive "nonsense" in .*nginx\.conf:\d+\n/);
  t.is(await place.get(), 'old');
});

test.serial('HUP with a variable that nobody knows changes nothing', async (t) => {
  const place = new Place(t);
  place.configure('return 200 old;');
  const child = await place.start();
  place.configure('return 200 $nonsense;');
  child.kill('SIGHUP');
  await place.logged('unknown "nonsense" variable');
  t.is(await place.get(), 'old');
});

test.serial('HUP opens listeners that are new, and closes those that are gone', async (t) => {
  const place = new Place(t);
  place.configure(`${PID} listen unix:${place.path('b.sock')};`);
  const child = await place.start();
  t.is(await place.get('b.sock'), String(child.pid));
  place.configure(`${PID} listen unix:${place.path('c.sock')};`);
  child.kill('SIGHUP');
  await place.logged('exited with code 0');
  t.is(await place.get('c.sock'), String(child.pid));
  t.is(await place.get('a.sock'), String(child.pid));
  await t.throwsAsync(place.get('b.sock'));
  t.false(existsSync(place.path('b.sock')));
});

test.serial('HUP moves the pid file', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const child = await place.start();
  place.configure(PID, 'pid logs/other.pid;');
  child.kill('SIGHUP');
  await place.until('other pid file', () => place.pidIn('logs/other.pid') !== undefined);
  await place.logged('exited with code 0');
  t.is(place.pidIn('logs/other.pid'), child.pid);
  t.is(place.pid, undefined);
  child.kill('SIGTERM');
  t.is(await ended(child), 0);
});

test.serial('USR1 opens logs anew by their names', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const child = await place.start();
  renameSync(place.path('logs/error.log'), place.path('logs/error.log.1'));
  child.kill('SIGUSR1');
  await place.until('new log', () => existsSync(place.path('logs/error.log')));
  child.kill('SIGQUIT');
  t.is(await ended(child), 0);
  t.true(place.log.includes('shutting down'));
});
