import test, { type ExecutionContext } from 'ava';
import { simFault } from '../../adapters/sim/sim-faults.ts';
import type { FaultCode } from '../../src/core/fault.ts';
import { begin } from '../../src/core/operation.ts';
import type { Stream } from '../../src/net/index.ts';
import { type Outcome, readUntil, SimSite, TIMEOUTS } from './sim-site.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const PUT = 'PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
const BODY = 'x'.repeat(5_000);
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** Answers every request of a connection. */
async function serve(stream: Stream): Promise<void> {
  for (;;) {
    const head = await readUntil(stream, /\r\n\r\n/);
    if (head.startsWith('PUT') && !head.endsWith('0\r\n\r\n')) {
      await readUntil(stream, /0\r\n\r\n$/);
    }
    await stream.send(ANSWER);
  }
}

/** A client sees the whole answer, one of ours that says why not, or a cut. */
function isHonest(outcome: Outcome): boolean {
  if (outcome === 'cut') return true;
  if (outcome.status === 200) return outcome.body === BODY;
  return [408, 502, 504].includes(outcome.status);
}

/** A kernel may refuse these; a close it does not refuse. */
const KINDS = ['listen', 'accept', 'connect', 'recv', 'send'] as const;
const CODES: readonly FaultCode[] = ['reset', 'fileDescriptors', 'noBuffers', 'unreachable'];

for (const kind of KINDS) {
  test(`the n-th ${kind} fails, for every n: nothing hangs, nothing is left`, async (t) => {
    t.timeout(60_000, 'the simulation has not ended');
    let worlds = 0;
    for (const code of CODES) {
      for (let n = 1; await withFault(t, kind, n, code); n += 1) worlds += 1;
    }
    t.log(`${worlds} worlds with one failed ${kind} each`);
    t.true(worlds >= CODES.length);
  });
}

/** `false`: there was no n-th operation of this kind. */
async function withFault(
  t: ExecutionContext,
  kind: (typeof KINDS)[number],
  n: number,
  code: FaultCode,
): Promise<boolean> {
  const site = new SimSite({ seed: n, latencyMinMs: 1, latencyMaxMs: 3 });
  const plan = site.world.failNth(kind, n, simFault(code));
  const outcomes: Outcome[] = [];
  await site.run(async () => {
    try {
      await site.start(serve);
    } catch {
      return; // The fault met a listener: there is no proxy, or no server.
    }
    for (const text of [GET, PUT, GET]) outcomes.push(await site.ask(text));
  });
  const what = `${code}, n = ${n}: ${JSON.stringify(outcomes)}`;
  t.true(outcomes.every(isHonest), what);
  t.is(site.left, '', what);
  return plan.fired;
}

test('under loss, delay and resets, 200 worlds answer honestly and leave nothing', async (t) => {
  t.timeout(60_000, 'the simulation has not ended');
  const seen = new Map<number | 'cut', number>();
  for (let seed = 0; seed < 200; seed += 1) {
    const site = new SimSite({ seed, latencyMinMs: 1, latencyMaxMs: 40, loss: 0.03, resets: 0.03 });
    const outcomes: Outcome[] = [];
    await site.run(async () => {
      await site.start(serve);
      const texts = [GET, PUT, GET, GET, PUT, GET];
      outcomes.push(...(await Promise.all(texts.map((text) => site.ask(text)))));
    });
    for (const outcome of outcomes) {
      t.true(isHonest(outcome), `seed ${seed}: ${JSON.stringify(outcome)}`);
      const key = outcome === 'cut' ? outcome : outcome.status;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    t.is(site.left, '', `seed ${seed}`);
  }
  t.log(`1200 requests: ${[...seen].map(([status, count]) => `${count} × ${status}`).join(', ')}`);
  t.true((seen.get(200) ?? 0) > 600);
});

test('a server that is unreachable when asked is a 504 after connectMs, to the millisecond', async (t) => {
  const site = new SimSite({ seed: 1 });
  site.world.partition(site.hosts.proxy, site.hosts.upstream);
  await site.run(async () => {
    await site.start(serve);
    const startedMs = site.world.nowMs();
    t.like(await site.ask(GET), { status: 504 });
    const ms = site.world.nowMs() - startedMs;
    t.true(ms >= TIMEOUTS.connectMs && ms < TIMEOUTS.connectMs + 1, `${ms} ms`);
  });
  t.is(site.left, '');
});

test('a server that falls silent in the middle of its answer is a cut after readMs', async (t) => {
  const site = new SimSite({ seed: 1 });
  await site.run(async () => {
    await site.start(async (stream) => {
      await readUntil(stream, /\r\n\r\n/);
      await stream.send(ANSWER.slice(0, -1));
      await stream.flush();
      site.world.partition(site.hosts.proxy, site.hosts.upstream);
      await stream.recv();
    });
    const startedMs = site.world.nowMs();
    t.is(await site.ask(GET), 'cut');
    const ms = site.world.nowMs() - startedMs;
    t.true(ms >= TIMEOUTS.readMs && ms < TIMEOUTS.readMs + 1, `${ms} ms`);
  });
  t.is(site.left, '');
});

for (const code of ['reset', 'fileDescriptors', 'accessDenied', 'adapter'] as const) {
  test(`after 200 accepts that failed with ${code} the proxy accepts`, async (t) => {
    const site = new SimSite({ seed: 1 });
    let left = 0;
    const submit = site.port.submit.bind(site.port);
    site.port.submit = (operation) => {
      if (operation.kind !== 'accept' || left === 0) {
        submit(operation);
        return;
      }
      left -= 1;
      begin(operation, undefined);
      operation.fault = simFault(code);
      site.port.loop.completeSoon(operation, 'failed');
    };
    await site.run(async () => {
      await site.start(serve);
      left = 200;
      for (let i = 0; i < 210; i += 1) t.like(await site.ask(GET), { status: 200 });
      t.is(left, 0);
    });
    t.is(site.left, '');
  });
}
