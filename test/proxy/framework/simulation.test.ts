import test, { type ExecutionContext } from 'ava';
import type { WorldOptions } from '../../../adapters/sim/index.ts';
import { simFault } from '../../../adapters/sim/sim-faults.ts';
import type { FaultCode } from '../../../src/core/fault.ts';
import type { Stream } from '../../../src/net/index.ts';
import { defineProxy } from '../../../src/proxy/framework/index.ts';
import { PhasedProxy } from '../../../src/proxy/framework/running.ts';
import { type Outcome, readUntil, SimSite, TIMEOUTS, UPSTREAM } from '../sim-site.ts';
import { type AnyPhases, type AnyProxy, request } from './world.ts';

const SEEDS = process.env.SLUICE_LONG === undefined ? 100 : 1_000;
const GET = request('GET', '/get');
const PUT = request('PUT', '/put', 'Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n');
const KEPT = request('POST', '/kept', 'Content-Length: 3\r\n', 'abc');
const OWN = request('GET', '/own');
const TEXTS = [GET, PUT, KEPT, OWN, GET, PUT];
const BODY = 'x'.repeat(5_000);

/** Answers every request of a connection whose body it has got whole. */
async function serve(stream: Stream): Promise<void> {
  for (;;) {
    const head = await readUntil(stream, /\r\n\r\n/);
    if (head.startsWith('PUT') && !head.endsWith('0\r\n\r\n')) {
      await readUntil(stream, /0\r\n\r\n$/);
    }
    if (head.startsWith('POST') && head.endsWith('\r\n\r\n')) await readUntil(stream, /ABC$/);
    await stream.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`);
  }
}

const upper: NonNullable<AnyPhases['responseBodyFilter']> = async (_s, chunk) => {
  await undefined;
  return chunk && Buffer.from(Buffer.from(chunk).toString('latin1').toUpperCase());
};

/** Every phase has a handler that takes its time. */
function proxyOf(ended: { logged: number; twice: number }): AnyProxy {
  const seen = new WeakSet<object>();
  const later = async () => undefined;
  const peer = { host: UPSTREAM, port: 80, timeouts: TIMEOUTS };
  return defineProxy({
    earlyRequest: later,
    upstreamPeer: async () => peer,
    connected: later,
    upstreamRequestFilter: later,
    requestBodyFilter: upper,
    upstreamResponseFilter: later,
    responseFilter: later,
    responseBodyFilter: upper,
    failToConnect: later,
    errorWhileProxy: async (_s, error) => ({ retry: error.retry, delayMs: 5 }),
    failToProxy: later,
    logging: (s) => {
      ended.logged += 1;
      if (seen.has(s)) ended.twice += 1;
      seen.add(s);
    },
  })
    .route('/', {})
    .route('/own', { requestFilter: async () => ({ status: 200, body: BODY }) })
    .route('/kept', {
      requestFilter: async (s) => {
        await s.bufferRequestBody(3);
        return undefined;
      },
    });
}

/** A client sees the whole answer, one of ours that says why not, or a cut. */
function isHonest(outcome: Outcome): boolean {
  if (outcome === 'cut') return true;
  if (outcome.status === 200) return outcome.body.replaceAll(/[^X]/g, '') === BODY.toUpperCase();
  return [408, 502, 504].includes(outcome.status);
}

/** One world; gives what its clients have seen. */
async function world(
  t: ExecutionContext,
  options: WorldOptions,
  what: string,
  prepare: (site: SimSite) => void = () => {},
): Promise<Outcome[]> {
  const ended = { logged: 0, twice: 0 };
  const site = new SimSite(options, undefined, (port) => {
    const { definition } = proxyOf(ended);
    return new PhasedProxy(port, definition, { port: 80 }, undefined);
  });
  prepare(site);
  const outcomes: Outcome[] = [];
  await site.run(async () => {
    try {
      await site.start(serve);
    } catch {
      return; // The fault met a listener: there is no proxy, or no server.
    }
    outcomes.push(...(await Promise.all(TEXTS.map((text) => site.ask(text)))));
  });
  t.true(outcomes.every(isHonest), `${what}: ${JSON.stringify(outcomes).slice(0, 300)}`);
  t.is(site.left, '', what);
  t.is(ended.logged, site.begun, `${what}: logged once each`);
  t.is(ended.twice, 0, what);
  return outcomes;
}

test(`under loss, delay and resets, ${SEEDS} worlds with handlers in every phase are honest`, async (t) => {
  t.timeout(300_000, 'the simulation has not ended');
  let whole = 0;
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const options = { seed, latencyMinMs: 1, latencyMaxMs: 40, loss: 0.03, resets: 0.03 };
    const outcomes = await world(t, options, `seed ${seed}`);
    whole += outcomes.filter((outcome) => outcome !== 'cut' && outcome.status === 200).length;
  }
  t.log(`${whole} of ${SEEDS * TEXTS.length} requests were answered`);
  t.true(whole > (SEEDS * TEXTS.length) / 2);
});

const CODES: readonly FaultCode[] = ['reset', 'noBuffers'];

for (const kind of ['accept', 'connect', 'recv', 'send'] as const) {
  test(`the n-th ${kind} fails, for every n, with handlers in every phase`, async (t) => {
    t.timeout(60_000, 'the simulation has not ended');
    for (const code of CODES) {
      let fired = true;
      for (let n = 1; fired; n += 1) {
        let plan: { readonly fired: boolean } | undefined;
        await world(
          t,
          { seed: n, latencyMinMs: 1, latencyMaxMs: 3 },
          `${code}, n = ${n}`,
          (site) => {
            plan = site.world.failNth(kind, n, simFault(code));
          },
        );
        fired = plan?.fired === true;
      }
    }
    t.pass();
  });
}
