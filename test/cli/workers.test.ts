import { existsSync, statSync } from 'node:fs';
import test from 'ava';
import { whyNoEpoll } from '../support/real-ports.ts';
import { connected, ended, isGone, Place, textOf } from './running-program.ts';

const epollTest = whyNoEpoll === undefined ? test.serial : test.skip;
const rootTest = whyNoEpoll === undefined && process.getuid?.() === 0 ? test.serial : test.skip;
const PID = 'return 200 $pid;';
const TWO = 'worker_processes 2;';

/** Waits until both have answered. */
async function answering(place: Place): Promise<ReadonlySet<string>> {
  const pids = new Set<string>();
  await place.until('two workers', async () => {
    pids.add(await place.get());
    return pids.size === 2;
  });
  return pids;
}

epollTest('worker processes share the listening sockets, the master is another one', async (t) => {
  const place = new Place(t);
  place.configure(PID, TWO);
  const child = await place.start();
  const workers = place.workers.map(String);
  t.is(workers.length, 2);
  t.false(workers.includes(String(child.pid)));
  t.true(workers.includes(await place.get()));
});

epollTest('with reuseport each worker has a socket of its own', async (t) => {
  const place = new Place(t);
  const port = 20_000 + (process.pid % 10_000);
  place.configure(`${PID} listen 127.0.0.1:${port} reuseport;`, TWO);
  await place.start();
  const pids = new Set<string>();
  await place.until('two workers', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    pids.add(await response.text());
    return pids.size === 2;
  });
  t.deepEqual([...pids].sort(), place.workers.map(String).sort());
});

epollTest('a worker that is killed is replaced within a second', async (t) => {
  const place = new Place(t);
  place.configure(PID, TWO);
  await place.start();
  const [victim = 0] = place.workers;
  await place.until('answer of the victim', async () => (await place.get()) === String(victim));
  process.kill(victim, 'SIGKILL');
  await place.logged(`worker process ${victim} exited on signal 9`);
  const killedMs = performance.now();
  await place.until('another one', () => place.workers.length === 2);
  t.true(performance.now() - killedMs < 1_000);
  t.regex(place.log, /\[alert\] .*worker process \d+ exited on signal 9\n/);
  t.true(place.workers.map(String).includes(await place.get()));
});

epollTest('HUP replaces all workers, and no connection is refused', async (t) => {
  const place = new Place(t);
  place.configure(PID, TWO);
  const child = await place.start();
  const before = place.workers;
  child.kill('SIGHUP');
  let answers = 0;
  await place.until('end of the old ones', async () => {
    await place.get();
    answers += 1;
    return place.log.split('exited with code 0').length > 2;
  });
  t.true(answers > 0);
  t.false(place.workers.some((pid) => before.includes(pid)));
  t.true(place.workers.map(String).includes(await place.get()));
});

epollTest('HUP can change the number of workers, also to one without a process', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const child = await place.start();
  t.is(await place.get(), String(child.pid));
  place.configure(PID, TWO);
  child.kill('SIGHUP');
  await place.logged('exited with code 0');
  t.not(await place.get(), String(child.pid));
  place.configure(PID);
  child.kill('SIGHUP');
  await place.logged('exited with code 0', 3);
  t.is(await place.get(), String(child.pid));
});

for (const signal of ['SIGQUIT', 'SIGTERM'] as const) {
  epollTest(`${signal} ends master and workers`, async (t) => {
    const place = new Place(t);
    place.configure(PID, TWO);
    const child = await place.start();
    await answering(place);
    const { workers } = place;
    child.kill(signal);
    t.is(await ended(child), 0);
    for (const pid of workers) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    t.false(existsSync(place.path('logs/nginx.pid')));
    t.false(existsSync(place.path('a.sock')));
    t.false(place.log.includes('[alert]'));
  });
}

epollTest('workers end when their master was killed', async (t) => {
  const place = new Place(t);
  place.configure(PID, TWO);
  const child = await place.start();
  await answering(place);
  const { workers } = place;
  child.kill('SIGKILL');
  await place.until('end of all', () => workers.every(isGone));
  t.pass();
});

epollTest('USR2 and QUIT: a new program goes on with the sockets of the old one', async (t) => {
  const place = new Place(t);
  place.configure(PID, TWO);
  const child = await place.start();
  child.kill('SIGUSR2');
  await place.until('new pid', () => place.pid !== undefined && place.pid !== child.pid);
  t.is(place.pidIn('logs/nginx.pid.oldbin'), child.pid);
  child.kill('SIGQUIT');
  t.is(await ended(child), 0);
  t.false(existsSync(place.path('logs/nginx.pid.oldbin')));
  t.true(existsSync(place.path('a.sock')));
  t.regex(await place.get(), /^\d+$/);
  t.true(place.log.includes('using inherited sockets from "3;"'));
});

epollTest('USR2, WINCH and HUP: the old program takes its work back', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const child = await place.start();
  child.kill('SIGUSR2');
  await place.until('new pid', () => place.pid !== undefined && place.pid !== child.pid);
  child.kill('SIGWINCH');
  await place.logged('exited with code 0');
  const newer = place.pid ?? 0;
  t.is(await place.get(), String(newer));
  child.kill('SIGHUP');
  await place.logged('start worker processes', 3);
  process.kill(newer, 'SIGQUIT');
  await place.until('old pid file', () => place.pid === child.pid);
  t.true(existsSync(place.path('a.sock')));
  t.is(await place.get(), String(child.pid));
});

rootTest('workers are whom `user` names, and the master stays root', async (t) => {
  const place = new Place(t);
  place.configure('location / { return 200 $pid; }', '');
  const text = place.read('nginx.conf').replace('user root;', 'user nobody daemon;');
  place.write('nginx.conf', text.replace('access_log off;', 'client_body_temp_path temporary;'));
  const child = await place.start();
  const worker = Number(await place.get());
  t.not(worker, child.pid);
  const { uid, gid } = statSync(`/proc/${worker}`);
  t.true(uid > 0);
  t.true(gid > 0);
  t.is(statSync(`/proc/${child.pid}`).uid, 0);
  t.is(statSync(place.path('temporary')).uid, uid);
});

epollTest('daemon: the command ends with 0 when the program serves', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  place.write('nginx.conf', place.read('nginx.conf').replace('daemon off;', ''));
  const { status } = await place.run([]);
  t.is(status, 0);
  t.is(await place.get(), String(place.pid));
  const { pid = 0 } = place;
  t.is((await place.run(['-s', 'quit'])).status, 0);
  await place.until('end', () => isGone(pid));
});

epollTest(
  'daemon: the command ends with 1, and says why, when the program cannot serve',
  async (t) => {
    const place = new Place(t);
    place.configure(`listen unix:${place.path('none/b.sock')};`);
    place.write('nginx.conf', place.read('nginx.conf').replace('daemon off;', ''));
    const { status, err } = await place.run([]);
    t.is(status, 1);
    t.regex(err, /nginx: \[emerg\] bind\(\) to unix:\S+ failed \(2: No such file or directory\)\n/);
    t.is(place.pid, undefined);
    t.false(existsSync(place.path('a.sock')));
  },
);

test.serial(
  'an adapter that cannot hand sockets over serves from one process, and says so',
  async (t) => {
    const place = new Place(t);
    place.configure(PID, TWO);
    place.write(
      'nginx.conf',
      place.read('nginx.conf').replace('events {}', 'events { use node; }'),
    );
    const child = await place.start();
    t.is(await place.get(), String(child.pid));
    t.regex(place.log, /\[warn\] .*the node adapter cannot hand sockets over/);
    child.kill('SIGHUP');
    await place.logged('exited with code 0');
    t.is(await place.get(), String(child.pid));
  },
);

epollTest('QUIT in the midst of a reload ends old and new workers', async (t) => {
  const place = new Place(t);
  place.configure(PID, TWO);
  const child = await place.start();
  child.kill('SIGHUP');
  await place.logged('start worker processes', 2);
  child.kill('SIGQUIT');
  t.is(await ended(child), 0);
  t.deepEqual(place.workers, []);
  t.false(place.log.includes('[alert]'));
  t.false(existsSync(place.path('logs/nginx.pid')));
});

/** An exception out of nowhere, at a signal. */
const BOMB = 'process.on("SIGXCPU",()=>{throw new Error("boom")})';
const BOMBED = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(BOMB)}` };

for (const [who, main] of [
  ['a worker', TWO],
  ['a program without worker processes', ''],
] as const) {
  epollTest(`after an exception that nobody expected ${who} is replaced`, async (t) => {
    const place = new Place(t);
    place.configure(PID, main);
    const child = place.spawn([], BOMBED);
    await place.until('a pid file', () => place.pid !== undefined);
    const victim = Number(await place.get());
    process.kill(victim, 'SIGXCPU');
    await place.logged('start worker process ', main === TWO ? 3 : 2);
    t.regex(place.log, /\[alert\] .*uncaught exception: Error: boom, at /);
    t.regex(await place.get(), /^\d+$/);
    t.is(place.pid, child.pid);
  });
}

epollTest(
  'a connection that waits for its worker is answered, though QUIT comes first',
  async (t) => {
    const place = new Place(t);
    place.configure(PID, TWO);
    const child = await place.start();
    const socket = await connected(place.path('a.sock'));
    socket.write('GET / HTTP/1.0\r\n\r\n');
    child.kill('SIGQUIT');
    t.regex(await textOf(socket), /^HTTP\/1\.1 200 OK\r\n/);
    t.is(await ended(child), 0);
  },
);
