import { connect } from '../../src/net/index.ts';
import type { RateZoneConf } from '../../src/server/conf/limit-conf.ts';
import { rule } from '../net/worlds.ts';
import { get, location, run, server } from './site-kit.ts';

const ROOM = 1024 * 1024;
const key = [{ name: 'binary_remote_addr' }];
const zone = (rate: number): RateZoneConf => ({ name: 'one', bytes: ROOM, key, rate });
const text = [{ name: 'limit_req_status' }, { name: 'limit_conn_status' }];
/** The answer is made behind the limits, which a script would not be. */
const site = (conf: Parameters<typeof location>[1]) =>
  server({
    location: location('', {
      locations: [
        location('/', { ...conf, addHeaders: [{ name: 'X', value: text, always: true }] }),
      ],
    }),
  });

const statusOf = (answer: string): string => /^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? '';
const word = (answer: string): string => /^X: (.*)\r$/m.exec(answer)?.[1] ?? '';

rule('requests over the rate and its burst are refused, and logged', async (t, world) => {
  const limit = { zone: 'one', burst: 1, delay: Number.POSITIVE_INFINITY };
  const running = await run(world, [site({ rateLimits: [limit], rateLimitStatus: 429 })], {
    rateZones: [zone(1)],
  });
  const answers: string[] = [];
  for (let request = 0; request < 3; request += 1) answers.push(await get(world, running, '/'));
  t.deepEqual(answers.map(statusOf), ['404', '404', '429']);
  t.deepEqual(answers.map(word), ['PASSED', 'PASSED', 'REJECTED']);
  const line = running.errors.find((one) => one.includes('limiting requests')) ?? '';
  t.regex(line, /^\[error\] \*3 limiting requests, excess: \d\.\d{3} by zone "one", client: /);
  await running.close();
});

rule('a dry run refuses nobody and tells all the same', async (t, world) => {
  const rateLimits = [{ zone: 'one', burst: 0, delay: 0 }];
  const conf = { rateLimits, rateLimitDryRun: true, rateLimitLogLevel: 'warn' } as const;
  const running = await run(world, [site(conf)], { rateZones: [zone(1)] });
  await get(world, running, '/');
  const second = await get(world, running, '/');
  t.is(statusOf(second), '404');
  t.is(word(second), 'REJECTED_DRY_RUN');
  t.true(running.errors.some((line) => /^\[warn\] .*limiting requests, dry run,/.test(line)));
  await running.close();
});

rule('a request over the rate waits for its turn', async (t, world) => {
  const rateLimits = [{ zone: 'one', burst: 5, delay: 0 }];
  const running = await run(world, [site({ rateLimits })], { rateZones: [zone(1_000)] });
  const start = world.port.loop.nowMs();
  await get(world, running, '/');
  const second = await get(world, running, '/');
  t.is(word(second), 'DELAYED');
  const passed = world.port.loop.nowMs() - start;
  t.true(passed >= 990, `${passed} ms`);
  t.true(running.errors.some((line) => /^\[warn\] .*delaying request, excess: /.test(line)));
  await running.close();
});

rule('a client that leaves while it waits leaves nothing behind', async (t, world) => {
  const rateLimits = [{ zone: 'one', burst: 5, delay: 0 }];
  const conf = { rateLimits, connectionLimits: [{ zone: 'two', max: 1 }] };
  const running = await run(world, [site(conf)], {
    rateZones: [zone(10)],
    connectionZones: [{ name: 'two', bytes: ROOM, key: [{ name: 'arg_k' }] }],
  });
  await get(world, running, '/');
  const stream = await connect(world.port, running.endpoint);
  await stream.send(Buffer.from('GET /?k=1 HTTP/1.0\r\nHost: a\r\n\r\n'));
  await stream.close();
  while (running.site.connections.size > 0) {
    await new Promise<void>((resolve) => world.port.loop.post(resolve));
  }
  t.pass();
  await running.close();
});

rule('as many requests of a key are under way as may be', async (t, world) => {
  const connectionLimits = [{ zone: 'two', max: 1 }];
  const guarded = { authBasic: 'realm', authBasicUserFile: '/none', authDelay: 500 };
  const slow = location('/slow', { connectionLimits, ...guarded });
  const fast = location('/fast', {
    connectionLimits,
    connectionLimitStatus: 501,
    addHeaders: [{ name: 'X', value: text, always: true }],
  });
  const conf = { location: location('', { locations: [slow, fast] }) };
  const running = await run(world, [server(conf)], {
    connectionZones: [{ name: 'two', bytes: ROOM, key }],
  });
  const waiting = get(world, running, '/slow');
  while (!running.errors.some((line) => line.includes('delaying unauthorized request'))) {
    await new Promise<void>((resolve) => world.port.loop.post(resolve));
  }
  const during = await get(world, running, '/fast');
  t.is(statusOf(during), '501');
  t.is(word(during), 'REJECTED');
  t.is(statusOf(await waiting), '401');
  const after = await get(world, running, '/fast');
  t.is(statusOf(after), '404');
  t.is(word(after), 'PASSED');
  t.true(running.errors.some((line) => line.includes('limiting connections by zone "two"')));
  await running.close();
});

rule('a zone that is not there is refused at the start', async (t, world) => {
  const rateLimits = [{ zone: 'nowhere', burst: 0, delay: 0 }];
  await t.throwsAsync(run(world, [site({ rateLimits })]), {
    message: 'zero size shared memory zone "nowhere"',
  });
});
