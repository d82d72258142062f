import { createServer, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { whyNoEpoll } from '../support/real-ports.ts';
import { connected, Place } from './running-program.ts';

const epollTest = whyNoEpoll === undefined ? test.serial : test.skip;
const TWO = 'worker_processes 2;';
/** More than any limit here. */
const REQUESTS = 120;
const BATCH = 40;

/** A program with `http` in its `http` block, and `location` in its only one, which has a file. */
function configure(place: Place, http: string, location: string, main = TWO): void {
  place.write('file', 'text');
  const root = `root ${place.folder}; add_header worker $pid always;`;
  place.configure(`location / { ${root} ${location} }`, main);
  place.write('nginx.conf', place.read('nginx.conf').replace('http {', `http { ${http}`));
}

type Answers = { readonly statuses: number[]; readonly workers: Set<string> };

/** Asks so many times, on connections of their own. */
async function ask(place: Place, count: number, path = '/file'): Promise<Answers> {
  const answers: Answers = { statuses: [], workers: new Set() };
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, () => one(place, path));
    for (const { status, worker } of await Promise.all(batch)) {
      answers.statuses.push(status);
      if (worker !== '') answers.workers.add(worker);
    }
  }
  return answers;
}

function one(place: Place, path: string): Promise<{ status: number; worker: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: place.path('a.sock'), path, agent: false });
    asked.once('error', reject);
    asked.once('response', (response) => {
      response.resume();
      const worker = String(response.headers.worker ?? '');
      response.once('end', () => resolve({ status: response.statusCode ?? 0, worker }));
    });
    asked.end();
  });
}

function passed({ statuses }: Answers): number {
  return statuses.filter((status) => status === 200).length;
}

/** How many workers have written an error. */
function refusing(place: Place): number {
  return new Set([...place.log.matchAll(/\[error\] (\d+)#/g)].map(([, pid]) => pid)).size;
}

/** Connections that have asked, and whose answers are not over. */
async function holding(place: Place, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let number = 0; number < count; number += 1) {
    const socket = await connected(place.path('a.sock'));
    socket.on('error', () => {});
    socket.write('GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n');
    sockets.push(socket);
  }
  return sockets;
}

epollTest('limit_req: worker processes let through together what the zone says', async (t) => {
  const place = new Place(t);
  const zone = 'limit_req_zone $host zone=one:1m rate=1r/m;';
  configure(place, zone, 'limit_req zone=one burst=29 nodelay;');
  const child = await place.start();
  const workers = new Set<string>();
  let admitted = 0;
  await place.until('answers of both', async () => {
    const answers = await ask(place, REQUESTS);
    admitted += passed(answers);
    t.true(answers.statuses.every((status) => status === 200 || status === 503));
    for (const worker of answers.workers) workers.add(worker);
    return workers.size === 2;
  });
  t.is(admitted, 30);
  child.kill('SIGHUP');
  await place.logged('exited with code 0', 2);
  t.is(passed(await ask(place, BATCH)), 0, 'a reload forgets nothing');
  configure(place, zone.replace('1m', '2m'), 'limit_req zone=one burst=29 nodelay;');
  child.kill('SIGHUP');
  await place.logged('exited with code 0', 4);
  t.is(passed(await ask(place, BATCH)), 30, 'a zone of another size is a new one');
  t.false(place.log.includes('[warn]'));
});

epollTest('zones that are too large to be shared are told about', async (t) => {
  const place = new Place(t);
  const zones = 'limit_conn_zone $host zone=one:1025m; limit_conn_zone $host zone=two:1m;';
  configure(place, zones, 'limit_conn one 1; limit_conn two 1;');
  await place.start();
  t.deepEqual(await asking(place, 1), [200]);
  t.regex(
    place.log,
    /\[warn\] .*zone "limit_conn_zone one" is not shared by worker processes, each/,
  );
  t.false(place.log.includes('zone two'));
});

epollTest('limit_req: a zone whose key changes is refused by a reload', async (t) => {
  const place = new Place(t);
  const zone = 'limit_req_zone $host zone=one:1m rate=1r/m;';
  configure(place, zone, 'limit_req zone=one;');
  const child = await place.start();
  t.is(passed(await ask(place, 2)), 1);
  configure(place, zone.replace('$host', '$uri'), 'limit_req zone=one;');
  child.kill('SIGHUP');
  await place.logged('uses the "$uri" key while previously it used the "$host" key');
  t.is(passed(await ask(place, 2)), 0, 'the old configuration goes on');
});

epollTest('limit_req: a worker that takes the place of another one knows its zone', async (t) => {
  const place = new Place(t);
  const zone = 'limit_req_zone $host zone=one:1m rate=1r/m;';
  configure(place, zone, 'limit_req zone=one burst=9 nodelay;');
  await place.start();
  t.is(passed(await ask(place, BATCH)), 10);
  const victims = place.workers;
  for (const victim of victims) process.kill(victim, 'SIGKILL');
  await place.logged('exited on signal 9', 2);
  await place.logged('start worker process ', 4);
  t.is(passed(await ask(place, BATCH)), 0);
});

epollTest('limit_conn: connections count in all workers, but for those that died', async (t) => {
  const place = new Place(t);
  const zone = 'limit_conn_zone $host zone=one:1m;';
  place.write('big', 'x'.repeat(8 * 1024 * 1024));
  configure(place, zone, 'location = /big { limit_conn one 10; } location = /file {}');
  await place.start();
  const held = await holding(place, 30);
  t.teardown(() => {
    for (const socket of held) socket.destroy();
  });
  const log = (): number => place.log.split('limiting connections by zone "one"').length - 1;
  await place.until('refusals', () => log() === 20);
  await place.until('refusals by both', async () => {
    t.is((await one(place, '/big')).status, 503);
    return refusing(place) === 2;
  });
  const refused = log();
  const victims = place.workers;
  for (const victim of victims) process.kill(victim, 'SIGKILL');
  await place.logged('start worker process ', 4);
  const again = await holding(place, 11);
  held.push(...again);
  await place.until('one more refusal', () => log() === refused + 1);
  for (const socket of held) socket.destroy();
  await place.until('an end', async () => (await one(place, '/big')).status === 200);
});

epollTest('limit_conn: sessions of a stream count in all workers', async (t) => {
  const place = new Place(t);
  place.configure('return 200 ok;', TWO);
  const server = `server { listen unix:${place.path('s.sock')}; limit_conn one 7;
    proxy_pass unix:${place.path('a.sock')}; }`;
  place.write(
    'nginx.conf',
    `${place.read('nginx.conf')} stream { limit_conn_zone $protocol zone=one:1m; ${server} }`,
  );
  await place.start();
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let number = 0; number < 20; number += 1) {
    sockets.push(await connected(place.path('s.sock')));
  }
  await place.logged('limiting connections by zone "one"', 13);
  t.is(place.log.split('limiting connections').length - 1, 13);
  for (const socket of sockets) socket.destroy();
  await place.until('room', async () => (await place.get('s.sock').catch(() => '')) === 'ok');
});

epollTest('stub_status shows the connections of all workers, and what they do', async (t) => {
  const place = new Place(t);
  place.write('big', 'x'.repeat(8 * 1024 * 1024));
  configure(place, '', 'location = /status { stub_status; } location = /big {}');
  await place.start();
  const idle = await Promise.all(Array.from({ length: 30 }, () => connected(place.path('a.sock'))));
  const busy = await holding(place, 12);
  t.teardown(() => {
    for (const socket of [...idle, ...busy]) socket.destroy();
  });
  const status = (): Promise<string> => place.get('a.sock', '/status');
  await place.until('all of them', async () => {
    const text = await status();
    return text.startsWith('Active connections: 43 ') && text.includes('Writing: 13 Waiting: 30 ');
  });
  const [, accepted, handled, requests] = (/ (\d+) (\d+) (\d+) /.exec(await status()) ?? []).map(
    Number,
  );
  t.true((accepted ?? 0) >= 44);
  t.is(handled, accepted);
  t.is(requests, (accepted ?? 0) - 30, 'all but the idle ones have asked');
  for (const socket of [...idle, ...busy]) socket.destroy();
  await place.until('the end of them', async () =>
    (await status()).startsWith('Active connections: 1 '),
  );
});

epollTest('stub_status goes on counting after workers have died', async (t) => {
  const place = new Place(t);
  configure(place, '', 'location = /status { stub_status; }');
  await place.start();
  await ask(place, BATCH);
  const idle = await Promise.all(Array.from({ length: 20 }, () => connected(place.path('a.sock'))));
  for (const socket of idle) socket.on('error', () => {});
  const status = (): Promise<string> => place.get('a.sock', '/status');
  await place.until('all of them', async () =>
    (await status()).startsWith('Active connections: 21 '),
  );
  for (const victim of place.workers) process.kill(victim, 'SIGKILL');
  await place.logged('exited on signal 9', 2);
  const text = await status();
  t.true(text.startsWith('Active connections: 1 '));
  t.true(Number(/ (\d+) \d+ (\d+) /.exec(text)?.[1]) > BATCH + 20);
});

/** A server that takes requests and answers none, until `answer` is called. */
async function slowServer(
  t: ExecutionContext,
  path: string,
): Promise<{ waiting: number; answer(): void }> {
  const waiting: ServerResponse[] = [];
  const server = createServer((_, response) => waiting.push(response));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    get waiting() {
      return waiting.length;
    },
    answer: () => {
      for (const response of waiting.splice(0)) response.end('answer');
    },
  };
}

/** Requests on connections of their own, which are not waited for. */
function asking(place: Place, count: number): Promise<number[]> {
  const all = Array.from({ length: count }, () => one(place, '/file').then(({ status }) => status));
  return Promise.all(all);
}

epollTest('a server of a zone has no more than max_conns from all workers', async (t) => {
  const place = new Place(t);
  const server = await slowServer(t, place.path('u.sock'));
  const upstream = `upstream u { zone u 64k; server unix:${place.path('u.sock')} max_conns=7; }`;
  configure(place, upstream, 'proxy_pass http://u;');
  await place.start();
  const answers = asking(place, 40);
  await place.logged('no live upstreams', 33);
  await place.until('all that may', () => server.waiting === 7);
  await place.until('refusals by both', async () => {
    t.deepEqual(new Set(await asking(place, 5)), new Set([502]));
    return refusing(place) === 2;
  });
  server.answer();
  t.is((await answers).filter((status) => status === 200).length, 7);
  const held = asking(place, 7).catch(() => []);
  await place.until('all that may', () => server.waiting === 7);
  for (const worker of place.workers) process.kill(worker, 'SIGKILL');
  await held;
  await place.logged('start worker process ', 4);
  server.answer();
  const last = asking(place, 7);
  await place.until('as many again', () => server.waiting === 7);
  t.deepEqual(await asking(place, 1), [502]);
  server.answer();
  t.deepEqual(new Set(await last), new Set([200]));
});

epollTest('workers spread connections over the servers of a zone together', async (t) => {
  const place = new Place(t);
  const paths = ['u.sock', 'v.sock', 'w.sock'].map((name) => place.path(name));
  const slow = await Promise.all(paths.map((path) => slowServer(t, path)));
  const list = paths.map((path) => `server unix:${path};`).join(' ');
  configure(place, `upstream u { zone u 64k; least_conn; ${list} }`, 'proxy_pass http://u;');
  await place.start();
  const answers = asking(place, 30);
  await place.until('all', () => slow.reduce((sum, { waiting }) => sum + waiting, 0) === 30);
  t.deepEqual(
    slow.map(({ waiting }) => waiting),
    [10, 10, 10],
  );
  for (const server of slow) server.answer();
  t.true((await answers).every((status) => status === 200));
});

epollTest('a server of a zone that one worker finds broken, all leave alone', async (t) => {
  const place = new Place(t);
  const server = await slowServer(t, place.path('u.sock'));
  const list = `server unix:${place.path('none.sock')} max_fails=1 fail_timeout=60s;
    server unix:${place.path('u.sock')};`;
  configure(place, `upstream u { zone u 64k; ${list} }`, 'proxy_pass http://u;');
  await place.start();
  const first = asking(place, 1);
  await place.logged('none.sock:/file');
  const answers = asking(place, 40);
  await place.until('all', () => server.waiting === 41);
  server.answer();
  t.true([...(await first), ...(await answers)].every((status) => status === 200));
  t.is(place.log.split('none.sock:/file').length, 2);
});

epollTest('sticky learn: a session that one worker has learned all know', async (t) => {
  const place = new Place(t);
  const [first, second] = ['u.sock', 'v.sock'].map((name) => {
    const server = createServer((_, response) => {
      response.setHeader('set-cookie', 'sid=one');
      response.end(name);
    });
    server.listen(place.path(name));
    t.teardown(() => server.close());
    return `server unix:${place.path(name)};`;
  });
  const learn = 'sticky learn create=$upstream_cookie_sid lookup=$arg_sid zone=l:64k;';
  configure(place, `upstream u { ${first} ${second} ${learn} }`, 'proxy_pass http://u;');
  await place.start();
  const server = await place.get('a.sock', '/');
  const workers = new Set<string>();
  await place.until('answers of both', async () => {
    t.is(await place.get('a.sock', '/?sid=one'), server);
    const { worker } = await one(place, '/?sid=one');
    workers.add(worker);
    return workers.size === 2;
  });
  t.false(place.log.includes('[warn]'));
});
