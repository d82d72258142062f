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
const STALL_MS = 2_500;
const SAMPLE_MS = 250;

type Setup = { readonly upstream: Program; readonly proxy: Program; readonly port: number };

async function setUp(t: ExecutionContext, adapter: string): Promise<Setup> {
  t.timeout(30_000, 'the test has not ended');
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

/** Samples until the stall is over: what was taken in all, and in its second half. */
async function watch(sample: () => Promise<number>): Promise<{ all: number; lately: number }> {
  const samples: number[] = [];
  for (let ms = 0; ms < STALL_MS; ms += SAMPLE_MS) {
    await setTimeout(SAMPLE_MS);
    samples.push(await sample());
  }
  const all = samples.at(-1) as number;
  return { all, lately: all - (samples[samples.length >> 1] as number) };
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(1);

async function clientStops(t: ExecutionContext, adapter: string): Promise<void> {
  const { upstream, proxy, port } = await setUp(t, adapter);
  const before = proxy.rssKib();
  const client = await Peer.connect(port);
  client.write('GET /source HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.head();
  client.socket.pause();
  const { all, lately } = await watch(async () => (await upstream.ask('state')).taken ?? GIB);
  const growth = proxy.rssKib() - before;
  t.log(`stalled: the upstream got rid of ${mib(all)} MiB, ${lately} bytes of them lately`);
  t.log(`the proxy's memory grew by ${(growth / 1024).toFixed(1)} MiB`);
  t.true(all < PATH_BYTES_MAX);
  t.is(lately, 0);
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
  const more = (): void => {
    while (socket.write(piece));
    socket.once('drain', more);
  };
  more();
  const taken = async (): Promise<number> => socket.bytesWritten - socket.writableLength;
  const { all, lately } = await watch(taken);
  const growth = proxy.rssKib() - before;
  t.log(`stalled: the client got rid of ${mib(all)} MiB, ${lately} bytes of them lately`);
  t.log(`the proxy's memory grew by ${(growth / 1024).toFixed(1)} MiB`);
  t.true(all < PATH_BYTES_MAX);
  t.is(lately, 0);
  t.true(growth < RSS_GROWTH_KIB_MAX);

  await upstream.ask('resume');
  await upstream.until(({ received = 0 }) => received > 256 * MIB);
  const moving = proxy.rssKib() - before;
  t.log(`after 256 MiB: ${(moving / 1024).toFixed(1)} MiB more than before`);
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
