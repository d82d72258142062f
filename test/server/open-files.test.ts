import test from 'ava';
import fc from 'fast-check';
import { OpenFiles, type OpenFileUse } from '../../src/server/engine/open-files.ts';
import type { FileError, FileStatus, Files } from '../../src/server/index.ts';
import { rule } from '../net/worlds.ts';
import { memoryFiles } from './memory-files.ts';
import { get, location, run, server } from './site-kit.ts';

const USE: OpenFileUse = { validMs: 60, minUses: 1, errors: false };
const INACTIVE_MS = 100;

/** Files that can be changed, with every call that was made, and the descriptors that are open. */
class Disk {
  nowMs = 0;
  readonly calls: string[] = [];
  readonly open = new Set<number>();
  readonly #files = new Map<string, { inode: number; size: number }>();
  readonly #opened: { inode: number; size: number }[] = [];
  #inodes = 0;

  /** Another file takes the place of what is there. */
  put(path: string, size: number): void {
    this.#inodes += 1;
    this.#files.set(path, { inode: this.#inodes, size });
  }

  /** The same file grows. */
  resize(path: string, size: number): void {
    (this.#files.get(path) as { size: number }).size = size;
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  taken(): string[] {
    return this.calls.splice(0);
  }

  files(): Files {
    const missing: FileError = { code: 'ENOENT', errno: 2 };
    const described = ({ inode, size }: { inode: number; size: number }): FileStatus => {
      return { isFile: true, isDirectory: false, mtime: 1, inode, size };
    };
    return {
      ...memoryFiles({}),
      open: (path) => {
        this.calls.push(`open ${path}`);
        const file = this.#files.get(path);
        if (file === undefined) return missing;
        this.open.add(this.#opened.length);
        return this.#opened.push(file) - 1;
      },
      close: (descriptor) => {
        this.calls.push(`close ${descriptor}`);
        if (!this.open.delete(descriptor)) throw new Error(`${descriptor} is not open`);
      },
      statusOf: (descriptor) => described(this.#opened[descriptor] as never),
      status: (path) => {
        this.calls.push(`status ${path}`);
        const file = this.#files.get(path);
        return file === undefined ? missing : described(file);
      },
    };
  }
}

function kept(disk: Disk, max = 2): OpenFiles {
  return new OpenFiles(disk.files(), max, INACTIVE_MS, () => disk.nowMs);
}

/** Opens, describes and closes: the size, or what is wrong. */
function use(files: Files, path: string): number | string {
  const descriptor = files.open(path);
  if (typeof descriptor !== 'number') return descriptor.code;
  const { size } = files.statusOf(descriptor) as FileStatus;
  files.close(descriptor);
  return size;
}

test('a file that is asked for again is not opened again', (t) => {
  const disk = new Disk();
  disk.put('/a', 1);
  const files = kept(disk).as(USE);
  for (let i = 0; i < 3; i += 1) t.is(use(files, '/a'), 1);
  t.deepEqual(disk.taken(), ['open /a']);
  t.is((files.status('/a') as FileStatus).size, 1);
  t.deepEqual(disk.taken(), [], 'its status is known, too');
});

test('once it is no longer taken for valid, a file is looked at, and only reopened if it is another', (t) => {
  const disk = new Disk();
  disk.put('/a', 1);
  const files = kept(disk).as(USE);
  use(files, '/a');
  disk.resize('/a', 2);
  disk.nowMs = 59;
  t.is(use(files, '/a'), 1);
  disk.nowMs = 60;
  t.is(use(files, '/a'), 2);
  t.deepEqual(disk.taken(), ['open /a', 'status /a']);
  disk.put('/a', 3);
  disk.nowMs = 119;
  t.is(use(files, '/a'), 2);
  disk.nowMs = 120;
  t.is(use(files, '/a'), 3);
  t.deepEqual(disk.taken(), ['status /a', 'close 0', 'open /a']);
  disk.remove('/a');
  disk.nowMs = 180;
  t.is(use(files, '/a'), 'ENOENT');
  t.is(disk.open.size, 0);
});

test('no more than `max` files are open: the one that was used longest ago is closed', (t) => {
  const disk = new Disk();
  for (const path of ['/a', '/b', '/c']) disk.put(path, 1);
  const store = kept(disk);
  const files = store.as(USE);
  use(files, '/a');
  use(files, '/b');
  t.is(disk.open.size, 2);
  use(files, '/a');
  use(files, '/c');
  t.deepEqual(disk.taken(), ['open /a', 'open /b', 'open /c', 'close 1']);
  t.is(store.size, 2);
  use(files, '/a');
  t.deepEqual(disk.taken(), []);
});

test('a file that somebody has is closed when the last one gives it back', (t) => {
  const disk = new Disk();
  disk.put('/a', 1);
  disk.put('/b', 1);
  const files = kept(disk, 1).as(USE);
  const first = files.open('/a') as number;
  t.is(files.open('/a'), first);
  use(files, '/b');
  t.true(disk.open.has(first), 'it was forgotten, and is in use');
  files.close(first);
  t.is((files.statusOf(first) as FileStatus).size, 1);
  t.true(disk.open.has(first));
  files.close(first);
  t.false(disk.open.has(first));
});

test('what nobody asks for is forgotten, two with each look-up', (t) => {
  const disk = new Disk();
  for (const path of ['/a', '/b', '/c', '/d']) disk.put(path, 1);
  const store = kept(disk, 10);
  const files = store.as({ ...USE, validMs: 1000 });
  for (const path of ['/a', '/b', '/c']) use(files, path);
  disk.nowMs = INACTIVE_MS;
  use(files, '/d');
  t.is(store.size, 4, 'not yet');
  disk.nowMs = INACTIVE_MS + 1;
  use(files, '/d');
  t.is(store.size, 2);
  use(files, '/d');
  t.is(store.size, 1);
  t.is(disk.open.size, 1);
});

test('a file that is asked for too seldom is closed each time', (t) => {
  const disk = new Disk();
  disk.put('/a', 1);
  const files = kept(disk).as({ ...USE, minUses: 3 });
  for (let i = 0; i < 4; i += 1) use(files, '/a');
  t.deepEqual(disk.taken(), ['open /a', 'close 0', 'open /a', 'close 1', 'open /a']);
});

test('that a file is missing is kept where it is wanted, for as long as it is valid', (t) => {
  const disk = new Disk();
  const store = kept(disk);
  const files = store.as({ ...USE, errors: true });
  t.is(use(files, '/a'), 'ENOENT');
  disk.put('/a', 1);
  t.is(use(files, '/a'), 'ENOENT');
  t.is((files.status('/a') as FileError).code, 'ENOENT');
  t.deepEqual(disk.taken(), ['open /a']);
  t.is(use(store.as(USE), '/a'), 1, 'another location does not want to know');
  disk.remove('/b');
  t.is(use(files, '/b'), 'ENOENT');
  disk.put('/b', 2);
  disk.nowMs = 60;
  t.is(use(files, '/b'), 2);
});

test('whatever is opened and closed in whatever order, nothing leaks and nothing is closed twice', (t) => {
  const path = fc.constantFrom('/a', '/b', '/c', '/d');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('open' as const), path }),
    fc.record({ kind: fc.constant('status' as const), path }),
    fc.record({ kind: fc.constant('put' as const), path }),
    fc.record({ kind: fc.constant('remove' as const), path }),
    fc.record({ kind: fc.constant('close' as const), path, nth: fc.nat(9) }),
    fc.record({ kind: fc.constant('wait' as const), path, ms: fc.nat(120) }),
  );
  const run = fc.property(fc.array(step, { maxLength: 60 }), fc.nat(2), (steps, minUses) => {
    const disk = new Disk();
    const store = kept(disk);
    const files = store.as({ ...USE, minUses, errors: true });
    const held: number[] = [];
    for (const one of steps) {
      if (one.kind === 'open') {
        const descriptor = files.open(one.path);
        if (typeof descriptor === 'number') held.push(descriptor);
      } else if (one.kind === 'status') files.status(one.path);
      else if (one.kind === 'put') disk.put(one.path, 1);
      else if (one.kind === 'remove') disk.remove(one.path);
      else if (one.kind === 'wait') disk.nowMs += one.ms;
      else if (held.length > 0) {
        const [descriptor = -1] = held.splice(one.nth % held.length, 1);
        files.close(descriptor);
      }
      if (store.size > 2) return false;
      if (held.some((descriptor) => !disk.open.has(descriptor))) return false;
    }
    for (const descriptor of held) files.close(descriptor);
    if (disk.open.size > 2) return false;
    store.clear();
    return disk.open.size === 0 && store.size === 0;
  });
  fc.assert(run, { numRuns: 500 });
  t.pass();
});

rule('a site keeps files open between requests, and none when it has ended', async (t, world) => {
  const disk = memoryFiles({ '/www/index.html': 'hello' });
  const open = new Set<number>();
  let opened = 0;
  const files: Files = {
    ...disk,
    open: (path) => {
      const descriptor = disk.open(path);
      if (typeof descriptor === 'number') {
        open.add(descriptor);
        opened += 1;
      }
      return descriptor;
    },
    close: (descriptor) => t.true(open.delete(descriptor)),
  };
  const openFileCache = { max: 10, inactive: 60_000 };
  const servers = [server({ location: location('', { root: '/www', openFileCache }) })];
  const site = await run(world, servers, {}, files);
  for (let i = 0; i < 3; i += 1) {
    const answer = await get(world, site, '/');
    t.true(answer.endsWith('hello'), answer);
  }
  t.is(opened, 1);
  t.is(open.size, 1);
  await site.close();
  t.is(open.size, 0);
});
