import test from 'ava';
import type { BufferPool } from '../../src/core/buffer-pool.ts';
import type { Stream } from '../../src/net/index.ts';
import { readUntil, SimSite } from './sim-site.ts';

const BODY_BYTES = 1024 * 1024;
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
/** Every place of the body is told from its neighbours, so that a shift would show. */
const BODY = Array.from({ length: BODY_BYTES / 8 }, (_, i) => String(i).padStart(8, '.')).join('');

async function serve(stream: Stream): Promise<void> {
  for (;;) {
    await readUntil(stream, /\r\n\r\n/);
    await stream.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
    await stream.send(BODY);
  }
}

/** Counts the chunks that are taken. */
function counted(pool: BufferPool): { readonly taken: number } {
  const count = { taken: 0 };
  const take = pool.take.bind(pool);
  pool.take = () => {
    count.taken += 1;
    return take();
  };
  return count;
}

test('a large body passes in chunks that nobody copies, whole and in order', async (t) => {
  const site = new SimSite({ seed: 1 });
  const chunks = counted(site.proxy.target.client.bulk as BufferPool);
  await site.run(async () => {
    await site.start(serve);
    for (let i = 0; i < 3; i += 1) {
      const outcome = await site.ask(GET);
      t.true(outcome !== 'cut' && outcome.status === 200 && outcome.body === BODY);
    }
  });
  t.true(chunks.taken > 0, 'no receive had a chunk');
  t.log(`${chunks.taken} chunks for ${3 * BODY_BYTES} bytes`);
  t.is(site.left, '');
});

test('a client that leaves in the middle leaves no chunk behind', async (t) => {
  const site = new SimSite({ seed: 2 });
  const chunks = counted(site.proxy.target.client.bulk as BufferPool);
  await site.run(async () => {
    await site.start(serve);
    for (let i = 0; i < 20; i += 1) await site.leaveAfter(GET, i * 50_000);
  });
  t.true(chunks.taken > 0, 'no receive had a chunk');
  t.is(site.left, '');
});
