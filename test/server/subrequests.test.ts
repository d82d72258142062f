import { connect, listen } from '../../src/net/index.ts';
import { SUBREQUESTS_MAX } from '../../src/server/engine/subrequest.ts';
import type { LocationConf } from '../../src/server/index.ts';
import { rule } from '../net/worlds.ts';
import { memoryFiles } from './memory-files.ts';
import { body, exchange, get, location, type RunningSite, run, server } from './site-kit.ts';

const answer = (status: number, text?: string): Partial<LocationConf> => ({
  script: [{ kind: 'return', status, text }],
});

/** A server that the site itself is, for what is passed on. */
function upstream({ endpoint }: Pick<RunningSite, 'endpoint'>): Partial<LocationConf> {
  const authority = `${endpoint.address}:${endpoint.port}`;
  const target = { scheme: 'http', authority, uri: '' } as const;
  return { proxyPass: { url: `http://${authority}`, target } };
}

const PAGES = {
  '/www/index.html': 'a<!--#include virtual="/one.html" -->b<!--#include virtual="two.html"-->c',
  '/www/one.html': '<!--#include virtual="/two.html" wait="yes" -->1',
  '/www/two.html': '2',
  '/www/self.html': 'x<!--#include virtual="/self.html" -->',
  '/www/set.html': '<!--#include virtual="/two.html" set="v" --><!--#echo var="v" -->',
  '/www/missing.html':
    '<!--#block name="b" -->none<!--#endblock --><!--#include virtual="/no" stub="b" -->',
  '/www/if.html':
    '<!--#if expr="$arg_a = /^(x+)\\$/" -->[<!--#echo var="1" -->]<!--#else -->no<!--#endif -->',
  '/www/bad.html': 'a<!--#nothing -->b<!--#echo -->c',
};

rule('pages include other pages, in their order', async (t, world) => {
  const conf = location('', { root: '/www', ssi: true });
  const site = await run(world, [server({ location: conf })], {}, memoryFiles(PAGES));
  t.is(await body(world, site, '/index.html'), 'a21b2c');
  t.is(await body(world, site, '/set.html'), '2');
  t.is(await body(world, site, '/missing.html'), 'none');
  t.is(await body(world, site, '/if.html?a=xxx'), '[xxx]');
  t.is(await body(world, site, '/if.html?a=y'), 'no');
  const error = '[an error occurred while processing the directive]';
  t.is(await body(world, site, '/bad.html'), `a${error}b${error}c`);
  await site.close();
});

rule('a page that includes itself ends after fifty times', async (t, world) => {
  const conf = location('', { root: '/www', ssi: true });
  const site = await run(world, [server({ location: conf })], {}, memoryFiles(PAGES));
  const page = await body(world, site, '/self.html');
  t.true(page.startsWith('x'.repeat(51)), page);
  t.false(page.startsWith('x'.repeat(52)));
  t.true(site.errors.some((line) => line.includes('subrequests cycle while processing')));
  await site.close();
});

rule('what is included may come from another server', async (t, world) => {
  const files = memoryFiles({
    '/www/index.html': '<!--#include virtual="/far/a" -->-<!--#include virtual="/near" -->-',
  });
  const far = location('/far/', {});
  const conf = (over: Partial<LocationConf>): LocationConf =>
    location('', {
      root: '/www',
      ssi: true,
      locations: [{ ...far, ...over }, location('/near', answer(200, 'near'))],
    });
  const source = await run(world, [server({ location: location('', answer(200, 'far')) })]);
  const site = await run(world, [server({ location: conf(upstream(source)) })], {}, files);
  t.is(await body(world, site, '/index.html'), 'far-near-');
  await site.close();
  await source.close();
});

rule('another request says who is let in', async (t, world) => {
  const locations = [
    location('/in', { root: '/www', authRequest: '/yes' }),
    location('/out', { authRequest: '/no' }),
    location('/unknown', { authRequest: '/who' }),
    location('/broken', { authRequest: '/lost' }),
    location('/yes', answer(204)),
    location('/no', answer(403)),
    location('/who', {
      ...answer(401),
      addHeaders: [{ name: 'WWW-Authenticate', value: 'Basic', always: true }],
    }),
    location('/lost', answer(404)),
  ];
  const files = memoryFiles({ '/www/in': 'welcome' });
  const conf = location('', { root: '/www', locations });
  const site = await run(world, [server({ location: conf })], {}, files);
  t.is(await body(world, site, '/in'), 'welcome');
  t.true((await get(world, site, '/out')).startsWith('HTTP/1.1 403 '));
  const challenged = await get(world, site, '/unknown');
  t.true(challenged.startsWith('HTTP/1.1 401 '));
  t.true(challenged.includes('\r\nWWW-Authenticate: Basic\r\n'));
  t.true((await get(world, site, '/broken')).startsWith('HTTP/1.1 500 '));
  t.true(site.errors.some((line) => line.includes('auth request unexpected status: 404')));
  await site.close();
});

rule('a repeated request has the body, too, and its answer goes nowhere', async (t, world) => {
  const far = await listen(world.port, world.any);
  const heard: string[] = [];
  const serve = async (): Promise<void> => {
    const stream = await far.accept();
    let text = '';
    for await (const chunk of stream) {
      text += Buffer.from(chunk).toString('latin1');
      if (text.endsWith('body')) break;
    }
    heard.push(text.split('\r\n')[0] as string);
    await stream.send(Buffer.from('HTTP/1.0 200 OK\r\n\r\n'));
    await stream.send(Buffer.from(text.split('\r\n')[0] as string));
    await stream.close();
  };
  const served = Promise.all([serve(), serve()]);
  const passOn = upstream({ endpoint: far.endpoint });
  const locations = [
    location('/copy', { ...passOn, internal: true }),
    location('/', { ...passOn, mirror: ['/copy'] }),
  ];
  const site = await run(world, [server({ location: location('', { locations }) })]);
  const text = 'POST /?a HTTP/1.0\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody';
  const answer = await exchange(world, site, text);
  await served;
  t.true(answer.endsWith('\r\n\r\nPOST /?a HTTP/1.1'), answer);
  t.deepEqual(heard.sort(), ['POST /?a HTTP/1.1', 'POST /copy?a HTTP/1.1']);
  await site.close();
  await far.close();
});

rule('an answer ends short where something in it breaks off', async (t, world) => {
  const far = await listen(world.port, world.any);
  const served = (async () => {
    const stream = await far.accept();
    await stream.recv();
    await stream.send(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
    await stream.close();
  })();
  const files = memoryFiles({ '/www/index.html': 'a<!--#include virtual="/far" -->b' });
  const locations = [location('/far', upstream({ endpoint: far.endpoint }))];
  const conf = location('', { root: '/www', ssi: true, locations });
  const site = await run(world, [server({ location: conf })], {}, files);
  const text = 'GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n';
  const page = await exchange(world, site, text);
  t.true(page.endsWith('\r\n\r\n1\r\na\r\n4\r\nhalf\r\n'), page);
  await served;
  await site.close();
  await far.close();
});

rule('a page waits for what it keeps in a variable', async (t, world) => {
  const page = '<!--#include virtual="/far" set="v" -->[<!--#echo var="v" -->]';
  const source = await run(world, [server({ location: location('', answer(200, 'far')) })]);
  const far = location('/far', upstream(source));
  const conf = location('', { root: '/www', ssi: true, locations: [far] });
  const files = memoryFiles({ '/www/index.html': page });
  const site = await run(world, [server({ location: conf })], {}, files);
  t.is(await body(world, site, '/index.html'), '[far]');
  await site.close();
  await source.close();
});

rule('a large page is followed at the pace of the client', async (t, world) => {
  const conf = location('', { root: '/www', ssi: true });
  const text = 'x'.repeat(3_000_000);
  const files = memoryFiles({ '/www/large.html': text });
  const site = await run(world, [server({ location: conf })], {}, files);
  t.is((await body(world, site, '/large.html')).length, text.length);
  await site.close();
});

rule('answers stand before and behind a body', async (t, world) => {
  const locations = [
    location('/page', {
      ...answer(200, 'body'),
      addBeforeBody: '/before',
      addAfterBody: '/after',
      additionTypes: ['*'],
    }),
    location('/before', answer(200, 'before-')),
    location('/after', answer(200, '-after')),
  ];
  const site = await run(world, [server({ location: location('', { locations }) })]);
  t.is(await body(world, site, '/page'), 'before-body-after');
  const chunked = await exchange(
    world,
    site,
    'GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  t.true(
    chunked.endsWith('\r\n\r\n7\r\nbefore-\r\n4\r\nbody\r\n6\r\n-after\r\n0\r\n\r\n'),
    chunked,
  );
  await site.close();
});

rule('a client that leaves ends what is under way for it', async (t, world) => {
  const files = memoryFiles({ '/www/index.html': '<!--#include virtual="/far" -->' });
  let asked: () => void = () => {};
  const wasAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const silent = await listen(world.port, world.any);
  const far = location('/far', upstream({ endpoint: silent.endpoint }));
  const conf = location('', { root: '/www', ssi: true, locations: [far] });
  const site = await run(world, [server({ location: conf })], {}, files);
  const ended = (async () => {
    const upstream = await silent.accept();
    asked();
    // Reads until the site has given up.
    for await (const _ of upstream);
    await upstream.close();
  })();
  const client = await connect(world.port, site.endpoint);
  await client.send(Buffer.from('GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n'));
  await wasAsked;
  await client.close();
  await ended.catch(() => {});
  t.pass();
  await site.close();
  await silent.close();
});

const LARGE_BYTES = 700_000;

rule('large bodies are included at the pace of the client', async (t, world) => {
  const page = '<!--#include virtual="/far/1" -->|<!--#include virtual="/far/2" -->|';
  const large = (digit: string): LocationConf =>
    location(`/far/${digit}`, answer(200, digit.repeat(LARGE_BYTES)));
  const source = await run(world, [
    server({ location: location('', { locations: [large('1'), large('2')] }) }),
  ]);
  const far = location('/far/', upstream(source));
  const conf = location('', { root: '/www', ssi: true, locations: [far] });
  const files = memoryFiles({ '/www/index.html': page });
  const site = await run(world, [server({ location: conf })], {}, files);
  const stream = await connect(world.port, site.endpoint);
  await stream.send(Buffer.from('GET /index.html HTTP/1.0\r\n\r\n'));
  let queuedMost = 0;
  let text = '';
  for await (const chunk of stream) {
    text += Buffer.from(chunk).toString('latin1');
    for (const connection of site.site.connections.all()) {
      queuedMost = Math.max(queuedMost, connection.queuedBytes);
    }
  }
  await stream.close();
  t.is(text.split('\r\n\r\n')[1], `${'1'.repeat(LARGE_BYTES)}|${'2'.repeat(LARGE_BYTES)}|`);
  t.true(queuedMost < LARGE_BYTES, `${queuedMost} bytes were queued`);
  await site.close();
  await source.close();
});

rule('subrequests are used again', async (t, world) => {
  const source = await run(world, [server({ location: location('', answer(200, 'far')) })]);
  const page = '<!--#include virtual="/far" --><!--#include virtual="/far" wait="yes" -->';
  const far = location('/far', upstream(source));
  const conf = location('', { root: '/www', ssi: true, locations: [far] });
  const files = memoryFiles({ '/www/index.html': page });
  const site = await run(world, [server({ location: conf })], {}, files);
  const requests = new Set<unknown>();
  const take = site.site.take.bind(site.site);
  site.site.take = () => {
    const request = take();
    requests.add(request);
    return request;
  };
  for (let round = 0; round < 10; round += 1) {
    t.is(await body(world, site, '/index.html'), 'farfar');
  }
  t.is(requests.size, 3, 'the page and two others at once');
  await site.close();
  await source.close();
});

rule('a request has a thousand subrequests and no more', async (t, world) => {
  const page = '<!--#include virtual="/two.html" -->'.repeat(SUBREQUESTS_MAX + 1);
  const conf = location('', { root: '/www', ssi: true });
  const files = memoryFiles({ '/www/many.html': page, '/www/two.html': '2' });
  const site = await run(world, [server({ location: conf })], {}, files);
  const error = '[an error occurred while processing the directive]';
  t.is(await body(world, site, '/many.html'), '2'.repeat(SUBREQUESTS_MAX) + error);
  await site.close();
});

rule('an answer that becomes a variable has a bound', async (t, world) => {
  const page = '<!--#include virtual="/two.html" set="v" --><!--#echo var="v" -->';
  const files = memoryFiles({ '/www/set.html': page, '/www/two.html': '22' });
  const conf = (bytes: number): LocationConf =>
    location('', { root: '/www', ssi: true, subrequestOutputBufferSize: bytes });
  const enough = await run(world, [server({ location: conf(2) })], {}, files);
  t.is(await body(world, enough, '/set.html'), '22');
  await enough.close();
  const less = await run(world, [server({ location: conf(1) })], {}, files);
  await t.throwsAsync(body(world, less, '/set.html'), undefined, 'there is no answer at all');
  t.true(less.errors.some((line) => line.includes('too big subrequest response')));
  await less.close();
});
