import { rule } from '../net/worlds.ts';
import { fakeServer, ok, runConf } from './proxy-kit.ts';
import { exchange, location, type RunningSite, run, server } from './site-kit.ts';

const say = (...value: readonly (string | { readonly name: string })[]) =>
  ({ script: [{ kind: 'return', status: 200, text: value }] }) as const;

const echo = location(
  '/',
  say({ name: 'request_method' }, ' ', { name: 'uri' }, '?', { name: 'args' }),
);
const echoing = server({ location: location('', { locations: [echo] }) });

/** What a client sends, and what the answer matches. */
type Row = readonly [title: string, sent: string, answer: RegExp];

/** What the log has, but for debugging. */
function told({ errors }: RunningSite): readonly string[] {
  return errors.filter((line) => !line.startsWith('[debug]'));
}

const FIELDS = 'Host: a\r\nConnection: close\r\n';

const ROWS: readonly Row[] = [
  ['HTTP/0.9 is answered with the body alone', 'GET /a\r\n', /^GET \/a\?$/],
  ['HTTP/0.9 with another method is refused', 'POST /a\r\n', /400 Bad Request/],
  ['HTTP/1.2 is served as HTTP/1.1', `GET /a HTTP/1.2\r\n${FIELDS}\r\n`, /^HTTP\/1\.1 200 /],
  ['HTTP/2.0 on a request line is 505', `GET /a HTTP/2.0\r\n${FIELDS}\r\n`, /^HTTP\/1\.1 505 /],
  ['lines may end with LF alone', 'GET /a HTTP/1.0\nHost: a\n\n', /GET \/a\?$/],
  [
    'empty lines before a request are skipped, however many',
    `\r\n\n\r\n\r\nGET /a HTTP/1.0\r\n\r\n`,
    /GET \/a\?$/,
  ],
  ['HTTP/1.1 without Host is 400', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['two Host fields are 400', 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['an empty Host is 400', 'GET / HTTP/1.0\r\nHost:\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['Host a..b is 400', 'GET / HTTP/1.0\r\nHost: a..b\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['Host "a b" is 400', 'GET / HTTP/1.0\r\nHost: a b\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['Host a/b is 400', 'GET / HTTP/1.0\r\nHost: a/b\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['Host a:80x is 400', 'GET / HTTP/1.0\r\nHost: a:80x\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a port above 65535 is 400', 'GET / HTTP/1.0\r\nHost: a:65536\r\n\r\n', /^HTTP\/1\.1 400 /],
  [
    'an absolute target has its path used',
    'GET http://b/x?y HTTP/1.0\r\nHost: a\r\n\r\n',
    /GET \/x\?y$/,
  ],
  ['a method in lower case is 400', 'get / HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a target with a space is 400', 'GET /a b HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['%00 in a target is 400', 'GET /%00 HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['%zz in a target is 400', 'GET /%zz HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a path above the root is 400', 'GET /../.. HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['an asterisk is 400', 'OPTIONS * HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['bytes above 127 are served', 'GET /\xe4 HTTP/1.0\r\n\r\n', /GET \/\xe4\?$/],
  ['a fragment is no part of the path', 'GET /a?b#c HTTP/1.0\r\n\r\n', /GET \/a\?b$/],
  ['TRACE is 405', 'TRACE / HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 405 Not Allowed/],
  ['CONNECT is 405', 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', /^HTTP\/1\.1 405 Not Allowed/],
  ['white space before the colon is 400', 'GET / HTTP/1.0\r\nA : b\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a folded line is 400', 'GET / HTTP/1.0\r\nA: b\r\n c\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['NUL in a value is 400', 'GET / HTTP/1.0\r\nA: b\0\r\n\r\n', /^HTTP\/1\.1 400 /],
  [
    'a transfer coding in HTTP/1.0 is 400',
    'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
  [
    'Content-Length with a transfer coding is 400',
    `POST / HTTP/1.1\r\n${FIELDS}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  [
    'another transfer coding is 501',
    `POST / HTTP/1.1\r\n${FIELDS}Transfer-Encoding: gzip\r\n\r\n`,
    /^HTTP\/1\.1 501 Not Implemented/,
  ],
  [
    'a field that means one thing only is 400 where it comes twice',
    'GET / HTTP/1.0\r\nIf-Match: a\r\nif-match: b\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
  ['a bad length is 400', 'POST / HTTP/1.0\r\nContent-Length: x\r\n\r\n', /^HTTP\/1\.1 400 /],
];

for (const [title, sent, answer] of ROWS) {
  rule(title, async (t, world) => {
    const site = await run(world, [echoing]);
    t.regex(await exchange(world, site, sent), answer);
    await site.close();
  });
}

rule(
  'what is refused gets a whole answer of the server, and a line in its log',
  async (t, world) => {
    const site = await run(world, [echoing]);
    const answer = await exchange(world, site, 'get / HTTP/1.0\r\n\r\n');
    t.regex(answer, /^HTTP\/1\.1 400 Bad Request\r\nServer: nginx\/\S+\r\nDate: /);
    t.regex(answer, /Connection: close\r\n\r\n<html>[\s\S]*<center>nginx\/\S+<\/center>/);
    t.deepEqual(told(site), [
      `[info] *1 client sent invalid method while reading client request line, client: ${
        world.any.address
      }, server: , request: "get / HTTP/1.0"`,
    ]);
    await site.close();
  },
);

rule('a location of an error page answers what is refused', async (t, world) => {
  const errorPages = [{ statuses: [400], answer: 200, target: '/sorry' }];
  const locations = [location('/sorry', say('sorry'))];
  const site = await run(world, [server({ location: location('', { locations, errorPages }) })]);
  t.regex(await exchange(world, site, 'get / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 OK[\s\S]*sorry$/);
  await site.close();
});

rule(
  'a request line over its buffer is 414, a field and a head over theirs are 400',
  async (t, world) => {
    const small = { ...echoing, clientHeaderBufferSize: 64 };
    const site = await run(world, [
      { ...small, largeClientHeaderBuffers: { number: 2, size: 128 } },
    ]);
    const line = (bytes: number): string => `GET /${'a'.repeat(bytes)} HTTP/1.0\r\n`;
    t.regex(await exchange(world, site, `${line(100)}\r\n`), / 200 /);
    t.regex(
      await exchange(world, site, `${line(200)}\r\n`),
      /^HTTP\/1\.1 414 Request-URI Too Large/,
    );
    const large = /^HTTP\/1\.1 400 Bad Request[\s\S]*<center>Request Header Or Cookie Too Large/;
    const field = (bytes: number): string => `A: ${'b'.repeat(bytes)}\r\n`;
    t.regex(await exchange(world, site, `${line(1)}${field(200)}\r\n`), large);
    t.regex(await exchange(world, site, `${line(1)}${field(100).repeat(4)}\r\n`), large);
    await site.close();
  },
);

rule('as many fields as allowed are taken, one more is refused', async (t, world) => {
  const site = await run(world, [{ ...echoing, maxHeaders: 3 }]);
  const fields = (count: number): string => 'A: b\r\n'.repeat(count);
  t.regex(await exchange(world, site, `GET / HTTP/1.0\r\n${fields(3)}\r\n`), / 200 /);
  t.regex(await exchange(world, site, `GET / HTTP/1.0\r\n${fields(4)}\r\n`), /Cookie Too Large/);
  await site.close();
});

const fieldsSeen = location('', {
  locations: [location('/', say({ name: 'http_a_b' }, '|', { name: 'http_c' }))],
});
const ODD = 'GET / HTTP/1.0\r\na_b: 1\r\na.b: 2\r\n</c>: 3\r\nC: 4\r\n\r\n';

rule('fields with odd names are read over, and named in the log', async (t, world) => {
  const site = await run(world, [server({ location: fieldsSeen })]);
  t.regex(await exchange(world, site, ODD), /\r\n\r\n\|4$/);
  t.is(told(site).length, 3);
  t.regex(told(site)[0] as string, /client sent invalid header line: "a_b: 1"/);
  await site.close();
});

rule('with underscores_in_headers a name may have an underscore', async (t, world) => {
  const site = await run(world, [server({ location: fieldsSeen, underscoresInHeaders: true })]);
  t.regex(await exchange(world, site, ODD), /\r\n\r\n1\|4$/);
  t.is(told(site).length, 2);
  await site.close();
});

rule('without ignore_invalid_headers fields with odd names stay', async (t, world) => {
  const site = await run(world, [server({ location: fieldsSeen, ignoreInvalidHeaders: false })]);
  t.regex(await exchange(world, site, ODD), /\r\n\r\n1\|4$/);
  t.deepEqual(told(site), []);
  await site.close();
});

rule('return 444 closes without a byte', async (t, world) => {
  const script = [{ kind: 'return', status: 444, text: undefined }] as const;
  const site = await run(world, [
    server({ location: location('', { locations: [location('/', { script })] }) }),
  ]);
  t.is(await exchange(world, site, 'GET / HTTP/1.0\r\n\r\n'), '');
  await site.close();
});

rule("a page for what is refused may be a server's, which gets no body", async (t, world) => {
  const behind = await fakeServer(world, () => ok('sorry'));
  const site = await runConf(
    world,
    `server {
       client_max_body_size 3; error_page 400 413 /sorry;
       location / { proxy_pass http://${behind.address}; }
     }`,
  );
  t.regex(await exchange(world, site, 'get / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*sorry$/);
  const chunks = '4\r\nabcd\r\n0\r\n\r\n';
  const chunked = `POST / HTTP/1.1\r\n${FIELDS}Transfer-Encoding: chunked\r\n\r\n${chunks}`;
  t.regex(await exchange(world, site, chunked), /^HTTP\/1\.1 413 [\s\S]*sorry$/);
  t.false(behind.requests.some((request) => request.includes('abcd')));
  await site.close();
  await behind.close();
});
