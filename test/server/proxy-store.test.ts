import { connect } from '../../src/net/index.ts';
import { rule, type World, within } from '../net/worlds.ts';
import { type Answer, fakeServer, ok, siteOf } from './proxy-kit.ts';
import { body, get, type RunningSite, run } from './site-kit.ts';
import { WritableFiles } from './writable-files.ts';

const MODIFIED = 'Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n';
const MODIFIED_S = 784_111_777;

type Kit = {
  readonly site: RunningSite;
  /** What is logged, debug lines aside. */
  readonly errors: () => readonly string[];
  readonly disk: WritableFiles;
  close(): Promise<void>;
};

/** A site that stores what a server says; `directives` stand in its only location. */
async function storing(
  world: World,
  answer: Answer,
  directives = 'proxy_store on; root /www;',
): Promise<Kit> {
  const disk = new WritableFiles('/www', '/far', '/tmp');
  const source = await fakeServer(world, answer);
  const conf = siteOf(`proxy_temp_path /tmp;
    server { location / { proxy_pass http://${source.address}; ${directives} } }`);
  const servers = conf.servers.map((server) => ({ ...server, listens: [] }));
  const site = await run(world, servers, conf, disk.files);
  const close = async (): Promise<void> => {
    await site.close();
    await source.close();
  };
  const errors = (): readonly string[] =>
    site.errors.filter((line) => !line.startsWith('[debug] '));
  return { site, errors, disk, close };
}

/** Waits until the site has done with its files. */
async function settled(world: World, { disk }: Kit): Promise<void> {
  while (disk.open.size > 0) await within(world, new Promise(() => {}), 5);
}

rule('the body of an answer is kept where its URI leads to', async (t, world) => {
  const kit = await storing(world, () => ok('text', MODIFIED));
  t.is(await body(world, kit.site, '/a/b/c.txt'), 'text');
  await settled(world, kit);
  t.deepEqual(kit.disk.texts, { '/www/a/b/c.txt': 'text' });
  const file = kit.disk.named.get('/www/a/b/c.txt');
  t.deepEqual([file?.mode, file?.mtime], [0o600, MODIFIED_S]);
  t.deepEqual(
    [kit.disk.directories.get('/www/a'), kit.disk.directories.get('/www/a/b')],
    [0o700, 0o700],
  );
  t.deepEqual(kit.errors(), []);
  await kit.close();
});

rule(
  'a path of its own has variables, and files have the rights that are said',
  async (t, world) => {
    const store = 'proxy_store /www/$arg_name; proxy_store_access user:rw group:rw all:r;';
    const kit = await storing(world, () => ok('text'), store);
    await body(world, kit.site, '/?name=new/file');
    await settled(world, kit);
    t.deepEqual(kit.disk.texts, { '/www/new/file': 'text' });
    t.is(kit.disk.named.get('/www/new/file')?.mode, 0o664);
    t.is(kit.disk.directories.get('/www/new'), 0o775);
    await body(world, kit.site, '/');
    await settled(world, kit);
    t.is(kit.disk.named.get('/www/')?.bytes.toString(), 'text', 'the system says what it may be');
    await kit.close();
  },
);

const chunked = (text: string): string =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

rule('a body of unknown length is kept without its framing', async (t, world) => {
  const kit = await storing(world, (head) =>
    head.includes(' /chunked ')
      ? chunked('text')
      : 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nend',
  );
  await body(world, kit.site, '/chunked');
  await body(world, kit.site, '/close');
  await settled(world, kit);
  t.deepEqual(kit.disk.texts, { '/www/chunked': 'text', '/www/close': 'end' });
  await kit.close();
});

rule('an empty body makes an empty file', async (t, world) => {
  const kit = await storing(world, () => ok(''));
  await body(world, kit.site, '/empty');
  await settled(world, kit);
  t.deepEqual(kit.disk.texts, { '/www/empty': '' });
  await kit.close();
});

rule(
  'what takes the place of a file is whole, and no part of it is seen before',
  async (t, world) => {
    let release = (): void => {};
    const goesOn = new Promise<void>((resolve) => {
      release = resolve;
    });
    const kit = await storing(world, async (head) => {
      if (head.includes(' /wait ')) await goesOn;
      return ok('new');
    });
    kit.disk.named.set('/www/wait', { bytes: Buffer.from('old'), mode: 0o600, mtime: 0 });
    const answer = body(world, kit.site, '/wait');
    await body(world, kit.site, '/other');
    t.is(kit.disk.texts['/www/wait'], 'old');
    release();
    await answer;
    await settled(world, kit);
    t.is(kit.disk.texts['/www/wait'], 'new');
    await kit.close();
  },
);

rule('only bodies of 200 are kept', async (t, world) => {
  const kit = await storing(world, (head) => {
    if (head.startsWith('HEAD ')) return 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n';
    const status = head.includes(' /part ') ? '206 Partial Content' : '404 Not Found';
    return `HTTP/1.1 ${status}\r\nContent-Length: 4\r\n\r\ntext`;
  });
  await get(world, kit.site, '/missing');
  await get(world, kit.site, '/part');
  const stream = await connect(world.port, kit.site.endpoint);
  await stream.send(Buffer.from('HEAD /head HTTP/1.0\r\n\r\n'));
  for await (const _ of stream);
  await stream.close();
  t.deepEqual(kit.disk.texts, {});
  t.is(kit.disk.open.size, 0);
  await kit.close();
});

rule('what is not to be buffered is not kept, unless that is ignored', async (t, world) => {
  const no = 'X-Accel-Buffering: no\r\n';
  const kept = async (directives: string, fields: string): Promise<number> => {
    const kit = await storing(world, () => ok('text', fields), directives);
    t.is(await body(world, kit.site, '/a'), 'text');
    await settled(world, kit);
    await kit.close();
    return kit.disk.named.size;
  };
  t.is(await kept('proxy_store on; root /www; proxy_buffering off;', ''), 0);
  t.is(await kept('proxy_store on; root /www;', no), 0);
  t.is(await kept('proxy_store on; root /www; proxy_ignore_headers X-Accel-Buffering;', no), 1);
});

rule('a body that breaks off leaves nothing behind, and what was there stays', async (t, world) => {
  const broken = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nnew';
  const kit = await storing(world, () => broken);
  kit.disk.named.set('/www/a', { bytes: Buffer.from('old'), mode: 0o600, mtime: 0 });
  await get(world, kit.site, '/a');
  await settled(world, kit);
  t.deepEqual(kit.disk.texts, { '/www/a': 'old' });
  await kit.close();
});

rule('filters and parts change what the client gets, not what is kept', async (t, world) => {
  const more = 'proxy_force_ranges on; sub_filter_types *; sub_filter a b;';
  const kit = await storing(world, () => ok('abcdef'), `proxy_store on; root /www; ${more}`);
  t.is(await body(world, kit.site, '/filtered'), 'bbcdef');
  const part = await storing(
    world,
    () => ok('abcdef'),
    'proxy_store on; root /www; proxy_force_ranges on;',
  );
  t.is(await body(world, part.site, '/part', 'Range: bytes=2-3\r\n'), 'cd');
  await settled(world, kit);
  await settled(world, part);
  t.deepEqual(kit.disk.texts, { '/www/filtered': 'abcdef' });
  t.deepEqual(part.disk.texts, { '/www/part': 'abcdef' });
  await kit.close();
  await part.close();
});

rule('a disk that is full costs the file, not the answer', async (t, world) => {
  const kit = await storing(world, () => ok('text'));
  kit.disk.failing.set('write', 'ENOSPC');
  t.is(await body(world, kit.site, '/a'), 'text');
  t.deepEqual(kit.disk.texts, {});
  t.is(kit.disk.open.size, 0);
  t.is(kit.errors().length, 1);
  t.regex(
    kit.errors()[0] ?? '',
    /^\[crit\] \*\d+ pwrite\(\) "\/tmp\/tmp1" failed \(28: No space left on device\), client: /,
  );
  await kit.close();
});

rule('each call that fails is named, and its file is gone', async (t, world) => {
  const calls = [
    ['temporary', 'ENOENT', 'open() "/tmp" failed (2: No such file or directory)'],
    ['setMode', 'EIO', 'chmod() "/tmp/tmp1" failed (5: Input/output error)'],
    ['setTime', 'EIO', 'utimes() "/tmp/tmp1" failed (5: Input/output error)'],
    ['rename', 'EIO', 'rename() "/tmp/tmp1" to "/www/a" failed (5: Input/output error)'],
    ['rename', 'ENOENT', 'rename() "/tmp/tmp1" to "/www/a" failed (2: No such file or directory)'],
  ] as const;
  for (const [call, code, text] of calls) {
    const kit = await storing(world, () => ok('text', MODIFIED));
    kit.disk.failing.set(call, code);
    t.is(await body(world, kit.site, '/a'), 'text');
    t.true(kit.errors()[0]?.includes(`${text}, client: `), kit.errors()[0]);
    t.deepEqual([kit.disk.texts, kit.disk.open.size], [{}, 0]);
    await kit.close();
  }
});

const LARGE = 'abcdefgh'.repeat(80 * 1024);

rule('a place on another file system gets a copy, made piece by piece', async (t, world) => {
  const kit = await storing(world, () => ok(LARGE, MODIFIED), 'proxy_store on; root /far;');
  t.is((await body(world, kit.site, '/a')).length, LARGE.length);
  await settled(world, kit);
  t.deepEqual(Object.keys(kit.disk.texts), ['/far/a']);
  const file = kit.disk.named.get('/far/a');
  t.true(file?.bytes.toString() === LARGE);
  t.deepEqual([file?.mode, file?.mtime], [0o600, MODIFIED_S]);
  t.deepEqual(kit.errors(), []);
  await kit.close();
});

rule('a copy that comes to nothing leaves nothing', async (t, world) => {
  const faults = [
    ['rename', 'EXDEV', 'rename() "/far/tmp2" to "/far/a" failed (18: Invalid cross-device link)'],
    ['write', 'ENOSPC', 'pwrite() "/far/tmp2" failed (28: No space left on device)'],
    ['temporary', 'ENOSPC', 'open() "/far/" failed (28: No space left on device)'],
  ] as const;
  for (const [call, code, text] of faults) {
    const kit = await storing(world, () => ok(LARGE), 'proxy_store on; root /far;');
    // By then the body is in its file.
    kit.disk.onRename = () => kit.disk.failing.set(call, code);
    t.is((await body(world, kit.site, '/a')).length, LARGE.length);
    await settled(world, kit);
    t.deepEqual(Object.keys(kit.disk.texts), []);
    t.true(kit.errors()[0]?.includes(`${text}, client: `), kit.errors()[0]);
    await kit.close();
  }
});

rule('a copy ends with its site, and leaves nothing', async (t, world) => {
  const kit = await storing(world, () => ok(LARGE.repeat(10)), 'proxy_store on; root /far;');
  const left = new Promise<void>((resolve) => {
    kit.disk.onRename = resolve;
  });
  const answer = get(world, kit.site, '/a').catch(() => '');
  await left;
  t.is(kit.disk.open.size, 2);
  await kit.site.close();
  t.deepEqual([Object.keys(kit.disk.texts), kit.disk.open.size], [[], 0]);
  t.regex(kit.errors().at(-1) ?? '', /the copy of "\/tmp\/tmp1" was given up/);
  await answer;
  await kit.close();
});

/** Asks for `/a` and leaves when the first of the body has come. */
async function leave(world: World, { site }: Kit): Promise<void> {
  const stream = await connect(world.port, site.endpoint);
  await stream.send(Buffer.from('GET /a HTTP/1.0\r\n\r\n'));
  for await (const chunk of stream) if (chunk.length > 0) break;
  await stream.close({ how: 'reset' });
}

rule('when its client leaves, the rest of a body is kept all the same', async (t, world) => {
  const kit = await storing(world, () => ok(LARGE.repeat(10)));
  await leave(world, kit);
  await settled(world, kit);
  t.deepEqual(Object.keys(kit.disk.texts), ['/www/a']);
  t.is(kit.disk.named.get('/www/a')?.bytes.length, LARGE.length * 10);
  await kit.close();
});

rule('when client and server leave, nothing is kept', async (t, world) => {
  const length = LARGE.length * 10;
  const head = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${length + 1}\r\n\r\n`;
  const kit = await storing(world, () => head + LARGE.repeat(10));
  await leave(world, kit);
  await settled(world, kit);
  t.deepEqual(kit.disk.texts, {});
  await kit.close();
});

rule('a site that closes leaves no half files', async (t, world) => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n';
  const kit = await storing(world, () => `${head}half`);
  const stream = await connect(world.port, kit.site.endpoint);
  await stream.send(Buffer.from('GET /a HTTP/1.0\r\n\r\n'));
  for await (const chunk of stream) if (chunk.length > 0) break;
  t.is(kit.disk.open.size, 1);
  await kit.site.close();
  t.deepEqual([kit.disk.texts, kit.disk.open.size], [{}, 0]);
  await stream.close();
  await kit.close();
});
