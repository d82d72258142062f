import { execFile, spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import test from 'ava';
import { defineProxy, upstream } from '../../../src/proxy/index.ts';
import { answering, ok } from '../upstream.ts';
import { type AnyProxy, worldTest } from './world.ts';

const RELOADS = 20;
const run = promisify(execFile);
const hasWrk = spawnSync('wrk', ['--version']).error === undefined;

if (!hasWrk) {
  test('reloads under load need wrk', (t) => {
    t.log('skipped: wrk is not installed');
    t.pass();
  });
}

worldTest(
  'twenty reloads under wrk lose no request',
  async (t, world) => {
    if (!hasWrk) {
      t.pass('wrk is not installed');
      return;
    }
    const url = await world.upstream(answering(() => ok('fine')));
    const definition = (number: number): AnyProxy => {
      const group = upstream('group', { servers: [url] });
      return defineProxy({
        upstreamPeer: () => group,
        responseFilter: (_s, response) => void response.headers.set('x-reload', String(number)),
      });
    };
    await world.listen(definition(0), { limits: { requestsPerConnection: 1_000_000 } });
    const { port } = world.running.address;
    const load = run('wrk', ['-t1', '-c16', '-d3s', `http://127.0.0.1:${port}/`]);
    for (let number = 1; number <= RELOADS; number += 1) {
      await setTimeout(100);
      await world.running.replace(definition(number));
    }
    const { stdout } = await load;
    t.notRegex(stdout, /Non-2xx|Socket errors/, stdout);
    t.true(Number(/(\d+) requests in/.exec(stdout)?.[1]) > 100, stdout);
    const { head } = await world.get('/');
    t.regex(head, new RegExp(`x-reload: ${RELOADS}`));
  },
  undefined,
  test.serial,
);
