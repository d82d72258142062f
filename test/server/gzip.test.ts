import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import type { LocationConf } from '../../src/server/index.ts';
import { takesGzip } from '../../src/server/modules/gzip/conditions.ts';
import { GzipStream } from '../../src/server/modules/gzip/gzip-stream.ts';
import { rule } from '../net/worlds.ts';
import { memoryFiles } from './memory-files.ts';
import { body, exchange, get, location, run, server } from './site-kit.ts';

test('a body that is compressed in parts is one stream', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (parts) => {
      const stream = new GzipStream(6);
      const packed = parts.map((part) => stream.compress(part, false));
      packed.push(stream.compress(new Uint8Array(0), true));
      t.deepEqual(gunzipSync(Buffer.concat(packed)), Buffer.concat(parts));
    }),
  );
  const large = Buffer.concat([randomBytes(40_000), Buffer.alloc(70_000, 'x')]);
  const stream = new GzipStream(1);
  const packed = [large, large, large].map((part, index) => stream.compress(part, index === 2));
  t.deepEqual(gunzipSync(Buffer.concat(packed)), Buffer.concat([large, large, large]));
});

test('a client says whether it takes gzip', (t) => {
  for (const yes of ['gzip', 'gzip,deflate', 'deflate, gzip', 'GZIP;q=0.001', 'gzip ; q=1']) {
    t.true(takesGzip(yes), yes);
  }
  for (const no of ['', 'deflate', 'xgzip', 'gzipped', 'gzip;q=0', 'gzip; q=0.000', 'gzip;x']) {
    t.false(takesGzip(no), no);
  }
});

const TEXT = 'lorem ipsum '.repeat(20_000);
const page = (conf: Partial<LocationConf> = {}): LocationConf =>
  location('', { root: '/www', gzip: true, gzipVary: true, gzipHttpVersion: '1.0', ...conf });

/** The body of an answer over HTTP/1.0. */
function bodyOf(answer: string): Buffer {
  return Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1');
}

rule('an answer is compressed for who takes it so', async (t, world) => {
  const text = 'x'.repeat(1000);
  const files = memoryFiles({ '/www/a.html': text, '/www/small.html': 'x' });
  const site = await run(world, [server({ location: page() })], {}, files);
  const packed = await get(world, site, '/a.html', 'Accept-Encoding: gzip\r\n');
  t.true(packed.includes('\r\nContent-Encoding: gzip\r\n'));
  t.true(packed.includes('\r\nVary: Accept-Encoding\r\n'));
  t.regex(packed, /\r\nETag: W\/"/);
  t.false(packed.includes('Content-Length'));
  t.is(gunzipSync(bodyOf(packed)).toString('latin1'), text);
  const plain = await get(world, site, '/a.html');
  t.true(plain.includes('\r\nVary: Accept-Encoding\r\n'));
  t.true(plain.endsWith(`\r\n\r\n${text}`));
  const small = await get(world, site, '/small.html', 'Accept-Encoding: gzip\r\n');
  t.false(small.includes('gzip'));
  await site.close();
});

rule('what another server sends is compressed as it comes', async (t, world) => {
  const source = await run(world, [
    server({
      location: location('', { script: [{ kind: 'return', status: 200, text: TEXT }] }),
    }),
  ]);
  const authority = `${source.endpoint.address}:${source.endpoint.port}`;
  const target = { scheme: 'http', authority, uri: '' } as const;
  const proxyPass = { url: `http://${authority}`, target };
  const site = await run(world, [
    server({ location: page({ proxyPass, gzipTypes: ['text/plain'] }) }),
  ]);
  const packed = await get(world, site, '/', 'Accept-Encoding: gzip\r\n');
  t.is(gunzipSync(bodyOf(packed)).toString('latin1'), TEXT);
  t.true(packed.length < TEXT.length / 20);
  await site.close();
  await source.close();
});

rule('a file that is there compressed is sent so', async (t, world) => {
  const files = memoryFiles({
    '/www/a.html': 'plain',
    '/www/a.html.gz': gzipSync('packed').toString('latin1'),
  });
  const conf = page({ gzip: false, gzipStatic: 'on' });
  const site = await run(world, [server({ location: conf })], {}, files);
  const packed = await get(world, site, '/a.html', 'Accept-Encoding: gzip\r\n');
  t.is(gunzipSync(bodyOf(packed)).toString('latin1'), 'packed');
  t.true(packed.includes('\r\nContent-Type: text/html\r\n'));
  t.is(await body(world, site, '/a.html'), 'plain');
  await site.close();
});

rule('what comes compressed is unpacked for who does not take it so', async (t, world) => {
  if (world.name === 'sim') {
    t.pass('it is unpacked by a thread, which simulated time does not wait for');
    return;
  }
  const packed = gzipSync(TEXT).toString('latin1');
  const source = await run(world, [
    server({
      location: location('', {
        script: [{ kind: 'return', status: 200, text: packed }],
        addHeaders: [{ name: 'Content-Encoding', value: 'gzip', always: true }],
      }),
    }),
  ]);
  const authority = `${source.endpoint.address}:${source.endpoint.port}`;
  const target = { scheme: 'http', authority, uri: '' } as const;
  const proxyPass = { url: `http://${authority}`, target };
  const site = await run(world, [
    server({ location: page({ gzip: false, gunzip: true, proxyPass }) }),
  ]);
  const plain = await exchange(world, site, 'GET / HTTP/1.0\r\n\r\n');
  t.false(plain.includes('Content-Encoding'));
  t.is(bodyOf(plain).toString('latin1'), TEXT);
  await site.close();
  await source.close();
});
