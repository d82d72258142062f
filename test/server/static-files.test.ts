import type { ExecutionContext } from 'ava';
import { CHUNK_BYTES } from '../../src/core/buffer-pool.ts';
import type { Files } from '../../src/server/index.ts';
import { rule, type World } from '../net/worlds.ts';
import { memoryFiles } from './memory-files.ts';
import { exchange, location, type RunningSite, run, server } from './site-kit.ts';

/** Files of which it is known how many are open. */
function counted(files: Files): Files & { opened: number } {
  const counting = {
    ...files,
    opened: 0,
    open: (path: string) => {
      const descriptor = files.open(path);
      if (typeof descriptor === 'number') counting.opened += 1;
      return descriptor;
    },
    close: (descriptor: number) => {
      counting.opened -= 1;
      files.close(descriptor);
    },
  };
  return counting;
}

const WWW = [server({ location: location('', { root: '/www' }) })];

async function serve(
  t: ExecutionContext,
  world: World,
  files: Files,
  work: (site: RunningSite) => Promise<void>,
): Promise<void> {
  const site = await run(world, WWW, {}, files);
  await work(site);
  t.is(site.site.targetParts.buffers.lent, 0, 'a chunk is lent still');
  await site.close();
}

const get = (world: World, site: RunningSite, path: string, fields = ''): Promise<string> =>
  exchange(world, site, `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}Connection: close\r\n\r\n`);

const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

for (const length of [1, CHUNK_BYTES, CHUNK_BYTES + 1, 4 * CHUNK_BYTES]) {
  rule(`a file of ${length} bytes is answered whole, and closed`, async (t, world) => {
    const content = Array.from({ length }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
    const files = counted(memoryFiles({ '/www/file': content }));
    await serve(t, world, files, async (site) => {
      t.is(bodyOf(await get(world, site, '/file')), content);
      const from = length >> 1;
      const rest = await get(world, site, '/file', `Range: bytes=${from}-\r\n`);
      t.is(bodyOf(rest), content.slice(from));
    });
    t.is(files.opened, 0);
  });
}

rule('a file that becomes shorter while it is read is cut, logged and closed', async (t, world) => {
  const whole = memoryFiles({ '/www/file': 'x'.repeat(2 * CHUNK_BYTES) });
  const files = counted({
    ...whole,
    read: (descriptor, into, position, bytes) =>
      position < CHUNK_BYTES ? whole.read(descriptor, into, position, bytes) : 0,
  });
  await serve(t, world, files, async (site) => {
    await t.throwsAsync(get(world, site, '/file'));
    t.deepEqual(site.errors.filter((line) => line.includes('was cut')).length, 1);
  });
  t.is(files.opened, 0);
});

rule('a file that cannot be described is logged, closed, and 500', async (t, world) => {
  const files = counted({
    ...memoryFiles({ '/www/file': 'x' }),
    statusOf: () => ({ code: 'EIO', errno: 5 }),
  });
  await serve(t, world, files, async (site) => {
    t.regex(await get(world, site, '/file'), /^HTTP\/1.1 500 /);
    t.regex(site.errors.join('\n'), /\[crit\].* fstat\(\) "\/www\/file" failed \(5: /);
  });
  t.is(files.opened, 0);
});

rule('files that differ in time or size alone have tags of their own', async (t, world) => {
  const sizes = [1, 2, 257, 513];
  const files = memoryFiles(
    Object.fromEntries(sizes.map((size) => [`/www/${size}`, 'x'.repeat(size)])),
  );
  await serve(t, world, files, async (site) => {
    const tags = new Set<string>();
    for (const size of [...sizes, ...sizes]) {
      const tag = /ETag: "(.*)"/.exec(await get(world, site, `/${size}`))?.[1] as string;
      t.true(tag.endsWith(`-${size.toString(16)}`));
      tags.add(tag);
    }
    t.is(tags.size, sizes.length);
  });
});
