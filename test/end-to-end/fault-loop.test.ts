import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { Peer } from '../proxy/peer.ts';
import { eventually, PATIENT, type Site, siteTest } from '../proxy/site.ts';
import { closedPort, ok, type Script } from '../proxy/upstream.ts';

const FAULTS = 10_000;
const AT_A_TIME = 64;
/** How long one of the proxies waits for a server; on a busy machine the server may be later. */
const READ_MS = 500;
/** What only that one gives up. Whoever is to be answered by the server asks the other. */
const SILENT = /\/(silence|short-hang) /;
const PROXIES = { patient: 0, hasty: 1, serverless: 2 } as const;
const NO_HOST = 'GET / HTTP/1.1\r\n\r\n';
const SHORT = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n';

type Upstream = 'hang' | 'fin' | 'reset';

/** What the upstream sends for each target, and what it does then. */
const ANSWERS: Readonly<Record<string, readonly [text: string, then: Upstream | 'next']>> = {
  '/ok': [ok('fine'), 'next'],
  '/surplus': [`${ok('fine')}more`, 'next'],
  '/fin': ['', 'fin'],
  '/reset': ['', 'reset'],
  '/silence': ['', 'hang'],
  '/half-head-fin': ['HTTP/1.1 200', 'fin'],
  '/half-head-reset': ['HTTP/1.1 200 OK\r\nA: b\r\n', 'reset'],
  '/garbage': ['\0\0\0\0', 'hang'],
  '/fields': [`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(300)}\r\n`, 'hang'],
  '/short-fin': [SHORT, 'fin'],
  '/short-reset': [SHORT, 'reset'],
  '/short-hang': [SHORT, 'hang'],
  '/chunk-fin': [CHUNKED, 'fin'],
  '/chunk-bad': [`${CHUNKED}x\r\n`, 'hang'],
  '/close-reset': ['HTTP/1.1 200 OK\r\n\r\nabc', 'reset'],
};

const upstream: Script = async (peer) => {
  for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
    const [text, then] = ANSWERS[head.split(' ')[1] ?? ''] ?? [ok('?'), 'next'];
    if (text !== '') peer.write(text);
    if (then === 'fin') peer.finish();
    else if (then === 'reset') peer.reset();
    if (then !== 'next') return;
  }
};

/** Makes one fault happen; throws where the proxy did not do what it should. */
type Fault = (site: Site) => Promise<void>;

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** A client that has asked for what `text` is. */
async function asking(site: Site, text: string): Promise<Peer> {
  const client = await site.client(SILENT.test(text) ? PROXIES.hasty : PROXIES.patient);
  client.write(text);
  return client;
}

/** The answer has this status, and one behind it comes where the connection lives on. */
function answered(text: string, status: number): Fault {
  return async (site) => {
    const client = await asking(site, text);
    const seen = await client.response();
    check(seen.status === status, `${text}: ${seen.status}`);
    if (!seen.head.includes('Connection: close')) {
      const [behind, expected] = SILENT.test(text) ? [NO_HOST, 400] : [get('/ok'), 200];
      client.write(behind);
      const next = await client.response();
      check(next.status === expected, `behind ${text}: ${next.status}`);
    }
    client.reset();
  };
}

/** The answer begins, and its cut can be seen. */
function cut(target: string): Fault {
  return async (site) => {
    const client = await asking(site, get(target));
    const head = await client.head();
    if (SILENT.test(get(target)) && head?.includes(' 504 ')) {
      client.reset(); // The server had no time for the part that it sends.
      return;
    }
    const { data, end } = await client.rest();
    check(end === 'reset', `${target}: ${end} after ${data.length} bytes`);
  };
}

/** The client sends this, waits a little, and is gone. */
function leaves(text: string, how: 'reset' | 'leave'): Fault {
  return async (site) => {
    const client = await asking(site, text);
    await setTimeout(1);
    client[how]();
  };
}

const FAULT_KINDS: readonly Fault[] = [
  answered(get('/surplus'), 200),
  answered(get('/fin'), 502),
  answered(get('/reset'), 502),
  answered(get('/silence'), 504),
  answered(get('/half-head-fin'), 502),
  answered(get('/half-head-reset'), 502),
  answered(get('/garbage'), 502),
  answered(get('/fields'), 502),
  answered(NO_HOST, 400),
  answered('POST /ok HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n', 400),
  cut('/short-fin'),
  cut('/short-reset'),
  cut('/short-hang'),
  cut('/chunk-fin'),
  cut('/chunk-bad'),
  cut('/close-reset'),
  leaves('GET / HT', 'reset'),
  leaves(get('/silence'), 'reset'),
  leaves(get('/silence'), 'leave'),
  leaves(get('/short-hang'), 'reset'),
  leaves(get('/ok').repeat(5), 'reset'),
  leaves('PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc', 'leave'),
  (site) => refused(site),
];

/** A request to the proxy whose server is down. */
const refused: Fault = async (site) => {
  const client = await site.client(PROXIES.serverless);
  client.write(get('/'));
  const { status } = await client.response();
  check(status === 502, `refused: ${status}`);
  client.reset();
};

async function run(t: ExecutionContext, site: Site, fault: Fault): Promise<void> {
  try {
    await fault(site);
  } catch (error) {
    t.fail(String(error));
  }
}

const faults = async (t: ExecutionContext, site: Site): Promise<void> => {
  t.timeout(240_000, 'the faults have not ended');
  const server = await site.upstream(upstream);
  await site.start([server]);
  await site.start([server], { upstream: { timeouts: { ...PATIENT, readMs: READ_MS } } });
  await site.start([await closedPort()]);
  const before = site.port.openSockets;
  const started = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < FAULTS) {
      const fault = FAULT_KINDS[next % FAULT_KINDS.length] as Fault;
      next += 1;
      await run(t, site, fault);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  const ms = performance.now() - started;
  const idle = (): number => site.proxies.reduce((sum, { pool }) => sum + pool.idle, 0);
  const settled = await eventually(() => site.port.openSockets - idle() === before);
  t.true(settled, `${site.port.openSockets} sockets open, ${idle()} of them idle`);
  t.log(`${next} faults in ${(ms / 1000).toFixed(1)} s; ${site.seen} upstream connections`);
  t.log(
    `sockets open: ${before} before, ${site.port.openSockets} after, ${idle()} idle in the pool`,
  );
  for (const proxy of site.proxies) proxy.log?.flush();
  const lines = site.lines.length;
  t.log(`${site.begun} requests begun, ${site.released} ended; ${lines} lines in the log`);
};

// One after the other: together they would take no less time, and each of them more.
siteTest('after 10,000 faults of 23 kinds nothing is left', faults, test.serial);
