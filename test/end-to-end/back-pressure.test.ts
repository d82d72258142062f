import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Peer } from '../proxy/peer.ts';
import { REAL_PORTS } from '../support/real-ports.ts';
import { Program } from './program.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
/** Kernel buffers of four sockets, at their largest, and our outbox. */
const PATH_BYTES_MAX = 32 * MIB;
const RSS_GROWTH_KIB_MAX = 16 * 1024;
const SAMPLE_MS = 250;
/** So many samples that are the same are a stall. */
const SAME_SAMPLES = 6;

type Setup = { readonly upstream: Program; readonly proxy: Program; readonly port: number };

async function setUp(t: ExecutionContext, adapter: string): Promise<Setup> {
  t.timeout(120_000, 'the test has not ended');
  const upstream = Program.run(t, 'upstream-program');
  const proxy = Program.run(
    t,
    'proxy-program',
    adapter,
    String((await upstream.ask('listen')).port),
  );
  const { port = 0 } = await proxy.ask('listen');
  for (let i = 0; i < 200; i += 1) {
    const client = await Peer.connect(port);
    client.write('GET /small HTTP/1.1\r\nHost: x\r\n\r\n');
    t.is((await client.response()).status, 200);
    client.leave();
  }
  return { upstream, proxy, port };
}

/** What was taken when no more is; or at all, where that is too much. */
async function stalledAt(sample: () => Promise<number>): Promise<number> {
  let all = 0;
  for (let same = 0; same < SAME_SAMPLES && all < PATH_BYTES_MAX; ) {
    await setTimeout(SAMPLE_MS);
    const before = all;
    all = await sample();
    same = all > 0 && all === before ? same + 1 : 0;
  }
  return all;
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(1);

async function clientStops(t: ExecutionContext, adapter: string): Promise<void> {
  const { upstream, proxy, port } = await setUp(t, adapter);
  const before = proxy.rssKib();
  const client = await Peer.connect(port);
  client.write('GET /source HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.head();
  client.socket.pause();
  const all = await stalledAt(async () => (await upstream.ask('state')).taken ?? GIB);
  const growth = proxy.rssKib() - before;
  t.log(`stalled: the upstream got rid of ${mib(all)} MiB`);
  t.log(`the proxy's memory grew by ${(growth / 1024).toFixed(1)} MiB`);
  t.true(all < PATH_BYTES_MAX);
  t.true(growth < RSS_GROWTH_KIB_MAX);

  client.socket.removeAllListeners('data').on('data', (data) => {
    client.received += data.length;
  });
  client.socket.resume();
  while (client.received < 256 * MIB) await setTimeout(5);
  const moving = proxy.rssKib() - before;
  t.log(`after 256 MiB: ${(moving / 1024).toFixed(1)} MiB more than before`);
  client.reset();
  await upstream.until(({ open }) => open === 0);
  const state = await proxy.until(({ sockets, connections }) => sockets === 1 && connections === 0);
  t.like(state, { buffers: 0, parsers: 0, 200: 200, 499: 1 });
  t.is(proxy.errors, '');
}

async function upstreamStops(t: ExecutionContext, adapter: string): Promise<void> {
  const { upstream, proxy, port } = await setUp(t, adapter);
  const before = proxy.rssKib();
  const client = await Peer.connect(port);
  client.write(`PUT /sink HTTP/1.1\r\nHost: x\r\nContent-Length: ${GIB}\r\n\r\n`);
  const { socket } = client;
  const piece = Buffer.alloc(64 * 1024);
  let uploads = true;
  const more = (): void => {
    if (!uploads) return;
    if (socket.write(piece)) setImmediate(more);
    else socket.once('drain', more);
  };
  more();
  const taken = async (): Promise<number> => socket.bytesWritten - socket.writableLength;
  const all = await stalledAt(taken);
  const growth = proxy.rssKib() - before;
  t.log(`stalled: the client got rid of ${mib(all)} MiB`);
  t.log(`the proxy's memory grew by ${(growth / 1024).toFixed(1)} MiB`);
  t.true(all < PATH_BYTES_MAX);
  t.true(growth < RSS_GROWTH_KIB_MAX);

  await upstream.ask('resume');
  await upstream.until(({ received = 0 }) => received > 256 * MIB);
  const moving = proxy.rssKib() - before;
  t.log(`after 256 MiB: ${(moving / 1024).toFixed(1)} MiB more than before`);
  // The proxy drops what still comes for a while, and then resets. A write that meets the RST makes
  // Node forget the answer that is there to be read: a client writes no more before it has read it.
  uploads = false;
  upstream.kill();
  t.is((await client.response()).status, 502);
  client.reset();
  const state = await proxy.until(({ sockets, connections }) => sockets === 1 && connections === 0);
  t.like(state, { buffers: 0, parsers: 0, 200: 200, 502: 1 });
  t.is(proxy.errors, '');
}

for (const adapter of Object.keys(REAL_PORTS)) {
  test.serial(
    `a client that stops reading 1 GiB stops the upstream, not the memory (${adapter})`,
    (t) => clientStops(t, adapter),
  );
  test.serial(
    `an upstream that stops reading 1 GiB stops the client, not the memory (${adapter})`,
    (t) => upstreamStops(t, adapter),
  );
}
