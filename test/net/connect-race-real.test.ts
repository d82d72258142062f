import test, { type ExecutionContext } from 'ava';
import { epollPort } from '../../adapters/epoll/index.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { timerOperation } from '../../src/core/operations.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import {
  ATTEMPT_DELAY_MS,
  ATTEMPT_DELAY_MS_MAX,
  connect,
  connectRace,
  formatEndpoint,
  IoError,
  listen,
} from '../../src/net/index.ts';
import { REAL_PORTS, whyNoEpoll } from '../support/real-ports.ts';
import { closed } from './worlds.ts';

const V4 = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
const V6 = { family: 'ipv6', address: '::1', port: 0 } as const;
const WAIT = { timeoutMs: 10_000 };

type Body = (t: ExecutionContext, port: ProactorPort, servers: ProactorPort) => Promise<void>;

/** Runs on every adapter to a real system, its servers on a port of their own; nothing may be left. */
function rule(title: string, body: Body): void {
  for (const [name, create] of Object.entries(REAL_PORTS)) {
    test(`${title} (${name})`, async (t) => {
      t.timeout(20_000, 'the rule has not ended');
      const [port, servers] = [create(), create()];
      try {
        await body(t, port, servers);
      } finally {
        await Promise.all([closed(port), closed(servers)]);
      }
      t.is(port.openSockets, 0);
      t.is(port.loop.pendingTimers, 0);
    });
  }
}

function sleep(port: ProactorPort, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = timerOperation(() => resolve());
    timer.atMs = port.loop.nowMs() + ms;
    port.submit(timer);
  });
}

/** A port of this machine where nobody listens. */
async function shut(port: ProactorPort): Promise<string> {
  const listener = await listen(port, V4);
  await listener.close();
  return formatEndpoint(listener.endpoint);
}

/** An address that answers no SYN: its queue of connections is full, and nobody accepts. */
async function hole(port: ProactorPort): Promise<Endpoint> {
  const listener = await listen(port, V4, { backlog: 1 });
  for (;;) {
    try {
      await connect(port, listener.endpoint, { timeoutMs: 100 });
    } catch (error) {
      if (error instanceof IoError && error.code === 'expired') return listener.endpoint;
      throw error;
    }
  }
}

/** Waits until as many sockets are open; Node closes one a moment after it has told so. */
async function open(port: ProactorPort, sockets: number): Promise<void> {
  while (port.openSockets > sockets) await sleep(port, 1);
}

rule('a refused address costs no wait, of either family', async (t, port, servers) => {
  const listener = await listen(servers, V6);
  const refused = await shut(servers);
  const beganMs = port.loop.nowMs();
  const candidates = [refused, formatEndpoint(listener.endpoint)];
  const options = { ...WAIT, attemptDelayMs: ATTEMPT_DELAY_MS_MAX };
  const stream = await connectRace(port, candidates, options);
  t.true(port.loop.nowMs() - beganMs < ATTEMPT_DELAY_MS_MAX);
  t.deepEqual(stream.remote, listener.endpoint);
  const accepted = await listener.accept(WAIT);
  await accepted.send('heard');
  t.is(Buffer.from((await stream.recv(WAIT)) ?? []).toString(), 'heard');
  await Promise.all([stream.close(), accepted.close(), listener.close()]);
});

rule('when all refuse, the error tells of each', async (t, port, servers) => {
  const refused = [await shut(servers), await shut(servers)];
  const error = await t.throwsAsync(connectRace(port, refused, WAIT), { instanceOf: IoError });
  t.is(error?.code, 'refused');
  t.deepEqual(
    error?.attempts?.map(({ endpoint, code }) => `${endpoint} ${code}`),
    refused.map((endpoint) => `${endpoint} refused`),
  );
});

rule('many races at once leave one connection each', async (t, port, servers) => {
  const listeners = [await listen(servers, V4), await listen(servers, V6)];
  const candidates = listeners.map(({ endpoint }) => endpoint);
  const options = { ...WAIT, attemptDelayMs: 10 };
  const racing = Array.from({ length: 100 }, () => connectRace(port, candidates, options));
  const streams = await Promise.all(racing);
  await open(port, streams.length);
  t.is(port.openSockets, streams.length);
  await Promise.all(streams.map((stream) => stream.close({ how: 'reset' })));
  t.is(port.openSockets, 0);
});

rule('aborted at any moment, no socket and no timer is left', async (t, port, servers) => {
  const listener = await listen(servers, V4);
  const candidates = [await shut(servers), listener.endpoint, V6];
  const reason = new Error('enough');
  for (const atMs of [0, 0, 1, 2, 5]) {
    const controller = new AbortController();
    const racing = connectRace(port, candidates, { ...WAIT, signal: controller.signal });
    if (atMs > 0) await sleep(port, atMs);
    controller.abort(reason);
    try {
      const stream = await racing;
      await stream.close({ how: 'reset' });
    } catch (error) {
      t.is(error, reason);
      t.is(port.loop.pendingTimers, 0);
    }
    await open(port, 0);
  }
  t.is(port.openSockets, 0);
});

rule(
  'a black hole costs the delay, and its attempt goes with the race',
  async (t, port, servers) => {
    if (whyNoEpoll !== undefined) {
      t.pass(`no black hole without epoll: ${whyNoEpoll}`);
      return;
    }
    const dark = epollPort();
    try {
      const silent = await hole(dark);
      const listener = await listen(servers, V6);
      const beganMs = port.loop.nowMs();
      const stream = await connectRace(port, [silent, listener.endpoint], WAIT);
      t.true(port.loop.nowMs() - beganMs >= ATTEMPT_DELAY_MS - 1);
      t.deepEqual(stream.remote, listener.endpoint);
      await open(port, 1);
      const late = connectRace(port, [silent], { timeoutMs: 50 });
      const error = await t.throwsAsync(late, { instanceOf: IoError });
      t.deepEqual([error?.code, error?.attempts?.[0]?.code], ['expired', 'expired']);
      await open(port, 1);
      await stream.close({ how: 'reset' });
    } finally {
      await closed(dark);
    }
  },
);
