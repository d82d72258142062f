import { connect, type Listener, listen, type Stream } from '../../src/net/index.ts';
import { rule } from '../net/worlds.ts';
import { memoryFiles } from './memory-files.ts';
import { location, run, server } from './site-kit.ts';

/** What a server does that is asked for a part of a page. */
const WAYS = ['whole', 'pieces', 'half', 'nothing', 'silent'] as const;
const LONG = 'y'.repeat(100_000);

/** Numbers that look random and are the same every time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

async function answerIn(way: (typeof WAYS)[number], stream: Stream): Promise<void> {
  await stream.recv();
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${LONG.length}\r\n\r\n`;
  if (way === 'whole') await stream.send(head + LONG);
  else if (way === 'pieces') {
    await stream.send(`${head}${LONG.slice(0, 10)}`);
    await stream.send(LONG.slice(10));
  } else if (way === 'half') await stream.send(head + LONG.slice(0, 50_000));
  else if (way === 'silent') for await (const _ of stream);
  await stream.close();
}

/** Serves until the listener is closed. */
function flaky(listener: Listener, random: (below: number) => number): { stop(): Promise<void> } {
  const work = new Set<Promise<void>>();
  const accepting = (async () => {
    for (;;) {
      const stream = await listener.accept().catch(() => undefined);
      if (stream === undefined) return;
      const way = WAYS[random(WAYS.length)] as (typeof WAYS)[number];
      const done: Promise<void> = answerIn(way, stream)
        .catch(() => stream.close().catch(() => {}))
        .finally(() => work.delete(done));
      work.add(done);
    }
  })();
  return {
    async stop() {
      await listener.close();
      await accepting;
      await Promise.allSettled(work);
    },
  };
}

const PAGES = {
  '/www/index.html':
    'a<!--#include virtual="/far/1" -->b<!--#include virtual="/inner.html" wait="yes" -->' +
    '<!--#include virtual="/far/2" set="v" --><!--#include virtual="/far/3" stub="s" -->',
  '/www/inner.html': '<!--#include virtual="/far/4" --><!--#include virtual="/far/5" -->',
};
const ROUNDS = 40;

rule('subrequests leave nothing behind, whatever breaks off', async (t, world) => {
  const random = numbers(7);
  const far = await listen(world.port, world.any);
  const servers = flaky(far, random);
  const authority = `${far.endpoint.address}:${far.endpoint.port}`;
  const target = { scheme: 'http', authority, uri: '' } as const;
  const proxyPass = { url: `http://${authority}`, target };
  const locations = [location('/far/', { proxyPass })];
  const conf = location('', {
    root: '/www',
    ssi: true,
    gzip: true,
    addAfterBody: '/far/6',
    subrequestOutputBufferSize: LONG.length,
    locations,
  });
  const site = await run(world, [server({ location: conf })], {}, memoryFiles(PAGES));
  for (let round = 0; round < ROUNDS; round += 1) {
    const client = await connect(world.port, site.endpoint);
    const encoding = random(2) === 0 ? '' : 'Accept-Encoding: gzip\r\n';
    await client.send(`GET /index.html HTTP/1.1\r\nHost: a\r\n${encoding}\r\n`);
    for (let reads = random(4); reads > 0; reads -= 1) {
      const chunk = await client.recv({ timeoutMs: 20 }).catch(() => undefined);
      if (chunk === undefined) break;
    }
    await client.close().catch(() => {});
  }
  await site.close();
  await servers.stop();
  t.pass('and the rule looks for what is left');
});
