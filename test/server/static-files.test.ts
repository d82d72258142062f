import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { systemFiles } from '../../src/cli/files.ts';
import { connect } from '../../src/net/index.ts';
import type { Files } from '../../src/server/index.ts';
import { rule, type World } from '../net/worlds.ts';
import { memoryFiles } from './memory-files.ts';
import { exchange, location, type RunningSite, run, server } from './site-kit.ts';

/** Files of which it is known how many are open. */
type Counted = Files & { opened: number; onClose: () => void };

function counted(files: Files): Counted {
  const counting: Counted = {
    ...files,
    opened: 0,
    onClose: () => {},
    open: (path: string) => {
      const descriptor = files.open(path);
      if (typeof descriptor === 'number') counting.opened += 1;
      return descriptor;
    },
    close: (descriptor: number) => {
      counting.opened -= 1;
      files.close(descriptor);
      counting.onClose();
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

/** Files of the machine, below a folder that takes the place of `/www`. */
function realFiles(t: ExecutionContext, contents: Readonly<Record<string, string>>): Files {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text);
  const at = (path: string): string => path.replace(/^\/www/, folder);
  return {
    ...systemFiles,
    open: (path) => systemFiles.open(at(path)),
    status: (path) => systemFiles.status(at(path)),
  };
}

// Around the sizes at which files go out in another way.
const KIB = 1024;
for (const length of [1, 12 * KIB, 12 * KIB + 1, 64 * KIB, 64 * KIB + 1, 700 * KIB]) {
  rule(`a file of ${length} bytes is answered whole, and closed`, async (t, world) => {
    const content = Array.from({ length }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
    const files = counted(realFiles(t, { file: content }));
    await serve(t, world, files, async (site) => {
      t.true(bodyOf(await get(world, site, '/file')) === content);
      const from = length >> 1;
      const rest = await get(world, site, '/file', `Range: bytes=${from}-\r\n`);
      t.true(bodyOf(rest) === content.slice(from));
      const two = await get(world, site, '/file', `Range: bytes=0-0,${from}-\r\n`);
      t.true(two.includes(content.slice(from)));
      const both = `GET /file HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(2);
      const last = `GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
      const answers = await exchange(world, site, both + last);
      t.is(answers.split(`\r\n\r\n${content}`).length, 4, 'three that were sent ahead');
    });
    t.is(files.opened, 0);
  });
}

rule('a file whose client has gone is closed', async (t, world) => {
  const files = counted(realFiles(t, { file: 'x'.repeat(40 << 20) }));
  await serve(t, world, files, async (site) => {
    const stream = await connect(world.port, site.endpoint);
    await stream.send(Buffer.from('GET /file HTTP/1.1\r\nHost: a\r\n\r\n'));
    await stream.recv();
    t.is(files.opened, 1);
    const closed = new Promise<void>((resolve) => {
      files.onClose = resolve;
    });
    await stream.close({ how: 'reset' });
    await closed;
  });
  t.is(files.opened, 0);
});

rule('a file that becomes shorter while it is read is cut, logged and closed', async (t, world) => {
  const whole = memoryFiles({ '/www/file': 'x'.repeat(1000) });
  const files = counted({
    ...whole,
    read: (descriptor, into, position, bytes) =>
      position < 500 ? whole.read(descriptor, into, position, Math.min(bytes ?? 500, 500)) : 0,
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
