import type { LocationConf } from '../../src/server/index.ts';
import { rule } from '../net/worlds.ts';
import { memoryFiles } from './memory-files.ts';
import { body, get, location, run, server } from './site-kit.ts';

const TEXT = Array.from(
  { length: 100 },
  (_, index) => `X${String(index).padStart(3, '0')}XXXXXX`,
).join('');
const FILES = memoryFiles({ '/www/a.html': TEXT, '/www/d/b.html': 'b' });
const root = (conf: Partial<LocationConf> = {}): LocationConf =>
  location('', { root: '/www', ...conf });

rule('parts of a file are sent, one or several', async (t, world) => {
  const site = await run(world, [server({ location: root() })], {}, FILES);
  const one = await get(world, site, '/a.html', 'Range: bytes=990-\r\n');
  t.true(one.startsWith('HTTP/1.1 206 Partial Content\r\n'), one);
  t.true(one.includes('\r\nContent-Length: 10\r\n'));
  t.true(one.includes('\r\nContent-Range: bytes 990-999/1000\r\n'));
  t.true(one.endsWith('\r\n\r\nX099XXXXXX'));
  const two = await get(world, site, '/a.html', 'Range: bytes=0-9,-10\r\n');
  const [head = '', ...rest] = two.split('\r\n\r\n');
  const parts = rest.join('\r\n\r\n');
  const boundary = /boundary=(\d+)\r\n/.exec(head)?.[1] ?? '';
  t.true(head.includes(`\r\nContent-Length: ${parts.length}\r\n`), 'all of it is counted');
  t.is(
    parts,
    `\r\n--${boundary}\r\nContent-Type: text/html\r\nContent-Range: bytes 0-9/1000\r\n\r\nX000XXXXXX` +
      `\r\n--${boundary}\r\nContent-Type: text/html\r\nContent-Range: bytes 990-999/1000\r\n\r\nX099XXXXXX` +
      `\r\n--${boundary}--\r\n`,
  );
  const none = await get(world, site, '/a.html', 'Range: bytes=1000-\r\n');
  t.true(none.startsWith('HTTP/1.1 416 '));
  t.true(none.includes('\r\nContent-Range: bytes */1000\r\n'));
  await site.close();
});

rule('parts of a file that has changed are not what is meant', async (t, world) => {
  const site = await run(world, [server({ location: root() })], {}, FILES);
  const range = 'Range: bytes=0-9\r\n';
  const all = await get(world, site, '/a.html', `${range}If-Range: "other"\r\n`);
  t.true(all.startsWith('HTTP/1.1 200 OK\r\n'));
  const etag = /\r\nETag: (.*)\r\n/.exec(all)?.[1] ?? '';
  const part = await get(world, site, '/a.html', `${range}If-Range: ${etag}\r\n`);
  t.true(part.startsWith('HTTP/1.1 206 '));
  await site.close();
});

rule('a part is cut out of what another server sends in full', async (t, world) => {
  const source = await run(world, [server({ location: root({ maxRanges: 0 }) })], {}, FILES);
  const authority = `${source.endpoint.address}:${source.endpoint.port}`;
  const target = { scheme: 'http', authority, uri: '' } as const;
  const proxyPass = { url: `http://${authority}`, target };
  const site = await run(world, [
    server({ location: root({ proxyPass, proxyForceRanges: true }) }),
  ]);
  const part = await get(world, site, '/a.html', 'Range: bytes=985-994\r\n');
  t.true(part.startsWith('HTTP/1.1 206 '), part);
  t.true(part.endsWith('\r\n\r\nXXXXXX099X'.replace('XXXXXX099X', TEXT.slice(985, 995))));
  await site.close();
  await source.close();
});

rule('texts are replaced, and the length is not what it was', async (t, world) => {
  const subFilters = [{ search: 'x05', replacement: [{ name: 'uri' }] }];
  const conf = root({ subFilters, subFilterOnce: false });
  const site = await run(world, [server({ location: conf })], {}, FILES);
  const answer = await get(world, site, '/a.html');
  t.false(answer.includes('Content-Length'));
  t.false(answer.includes('ETag'));
  t.is(await body(world, site, '/a.html'), TEXT.replaceAll('X05', '/a.html'));
  await site.close();
});

rule('an answer is recoded where its set of characters is another one', async (t, world) => {
  const charsetMaps = [{ source: 'b', target: 'utf-8', characters: [[0xe4, '\xc3\xa4']] as const }];
  const conf = (charset: string, sourceCharset: string, text: string): LocationConf =>
    location('', {
      charset,
      sourceCharset,
      script: [{ kind: 'return', status: 200, text }],
    });
  const wide = await run(world, [server({ location: conf('utf-8', 'b', 'a\xe4') })], {
    charsetMaps,
  });
  const answer = await get(world, wide, '/');
  t.true(answer.includes('\r\nContent-Type: text/plain; charset=utf-8\r\n'));
  t.true(answer.endsWith('\r\n\r\na\xc3\xa4'));
  await wide.close();
  const text = '\xc3\xa4\xe2\x82\xac';
  const narrow = await run(world, [server({ location: conf('b', 'utf-8', text) })], {
    charsetMaps,
  });
  t.is(await body(world, narrow, '/'), '\xe4&#8364;');
  await narrow.close();
});

rule('a directory is listed where that is wanted, and otherwise forbidden', async (t, world) => {
  const site = await run(world, [server({ location: root({ autoindex: true }) })], {}, FILES);
  t.true((await body(world, site, '/d/')).includes('<a href="b.html">b.html</a>'));
  t.true((await get(world, site, '/e/')).startsWith('HTTP/1.1 404 '), 'there is none');
  await site.close();
  const other = await run(world, [server({ location: root() })], {}, FILES);
  t.true((await get(world, other, '/d/')).startsWith('HTTP/1.1 403 '));
  await other.close();
});
