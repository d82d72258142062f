import type { RequestListener } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { defineProxy, reply } from '../../src/proxy/framework/index.ts';
import { Gate, request, worldTest } from '../proxy/framework/world.ts';
import { fieldOf } from '../proxy/peer.ts';
import { nodeUpstream } from './node-upstream.ts';
import { run, whyNo } from './peer-programs.ts';

type Body = Parameters<typeof worldTest>[1];

/** Declares tests that run one after the other: each wants the processor for itself. */
function loadTest(why: string | undefined): (title: string, body: Body) => void {
  if (why !== undefined) return () => {};
  return (title, body) => worldTest(title, body, undefined, test.serial);
}

const h2loadTest = loadTest(whyNo('h2load'));
const wrkTest = loadTest(whyNo('wrk'));

const REQUESTS = 3_000;
const CONNECTIONS = 64;
const RELOADS = 20;

/** Answers with few bytes, and counts. */
class Counting {
  requests = 0;
  readonly listener: RequestListener = (asked, response) => {
    this.requests += 1;
    asked.resume();
    response.end('what there is to say\n');
  };
}

/** What wrk counted in a second; it speaks of failures only where there are some. */
async function wrk(url: string): Promise<{ readonly requests: number; readonly failures: string }> {
  const { text, errors, status } = await run('wrk', [
    ...['-t', '1', '-c', String(CONNECTIONS), '-d', '1s', '--timeout', '10s', url],
  ]);
  if (status !== 0) throw new Error(`wrk ended with ${status}: ${errors}`);
  const failures = /Non-2xx.*|Socket errors.*/g;
  return {
    requests: Number(/(\d+) requests in/.exec(text)?.[1]),
    failures: (text.match(failures) ?? []).join(),
  };
}

h2loadTest('h2load over 64 connections: none fails, and the server sees each', async (t, world) => {
  const counting = new Counting();
  const { url } = await nodeUpstream(t, counting.listener);
  const { address } = await world.listen(defineProxy().route('/', url));
  const { text, errors } = await run('h2load', [
    ...['--h1', '-n', String(REQUESTS), '-c', String(CONNECTIONS), '-m', '1'],
    `http://127.0.0.1:${address.port}/`,
  ]);
  const [, line = errors] = /^requests: (.*)$/m.exec(text) ?? [];
  t.regex(line, new RegExp(` ${REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout$`));
  t.regex(text, new RegExp(`^status codes: ${REQUESTS} 2xx,`, 'm'));
  t.is(counting.requests, REQUESTS);
});

h2loadTest('h2load sends bodies: none fails, and the server has each byte', async (t, world) => {
  let bytes = 0;
  const { url } = await nodeUpstream(t, (asked, response) => {
    asked.on('data', (data: Buffer) => {
      bytes += data.length;
    });
    asked.on('end', () => response.end('taken\n'));
  });
  const { address } = await world.listen(defineProxy().route('/', url));
  const body = new URL('../../../package.json', import.meta.url).pathname;
  const { text, errors } = await run('h2load', [
    ...['--h1', '-n', '500', '-c', '16', '-d', body],
    `http://127.0.0.1:${address.port}/`,
  ]);
  t.regex(text, / 500 succeeded, 0 failed, 0 errored, 0 timeout$/m, errors);
  t.true(bytes > 0 && bytes % 500 === 0, `${bytes} bytes`);
});

wrkTest('wrk over 64 connections that end early: none fails', async (t, world) => {
  const counting = new Counting();
  const { url } = await nodeUpstream(t, counting.listener);
  const limits = { requestsPerConnection: 20 };
  const { address } = await world.listen(defineProxy().route('/', url), { limits });
  const { requests, failures } = await wrk(`http://127.0.0.1:${address.port}/`);
  t.is(failures, '');
  t.true(requests > CONNECTIONS, `${requests} requests`);
  // Those that were on their way when the time was over are not counted by wrk.
  const ahead = counting.requests - requests;
  t.true(ahead >= 0 && ahead <= CONNECTIONS, `the server saw ${counting.requests} of ${requests}`);
});

wrkTest('twenty reloads under wrk, with a request in flight: none fails', async (t, world) => {
  const counting = new Counting();
  const { url } = await nodeUpstream(t, counting.listener);
  const gate = new Gate();
  const version = (name: string) =>
    defineProxy({
      async requestFilter({ req }) {
        if (req.path !== '/slow') return undefined;
        await gate.pass();
        return reply(200, name);
      },
      responseFilter: (_session, response) => void response.headers.set('x-version', name),
    }).route('/', url);
  const { address } = await world.listen(version('0'));
  const slow = await world.client();
  slow.write(request('GET', '/slow'));
  await gate.reached;
  const load = wrk(`http://127.0.0.1:${address.port}/`);
  for (let reload = 1; reload <= RELOADS; reload += 1) {
    await setTimeout(40);
    await world.running.replace(version(String(reload)));
    if (reload === RELOADS) gate.open();
  }
  t.is(String((await slow.response()).body), '0', 'it ends on the definition it began with');
  const { requests, failures } = await load;
  t.is(failures, '');
  t.true(requests > CONNECTIONS, `${requests} requests`);
  t.is(fieldOf((await world.get('/')).head, 'x-version'), String(RELOADS));
});
