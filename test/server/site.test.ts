import { rule } from '../net/worlds.ts';
import { body, exchange, get, location, run, server } from './site-kit.ts';

const say = (text: string) => ({ script: [{ kind: 'return', status: 200, text }] }) as const;

rule('a location says what it is told to', async (t, world) => {
  const site = await run(world, [
    server({ location: location('', { locations: [location('/', say('hello'))] }) }),
  ]);
  t.is(
    await get(world, site, '/'),
    'HTTP/1.1 200 OK\r\nServer: nginx/1.31.5\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n' +
      'Connection: close\r\n\r\nhello',
  );
  await site.close();
});

rule(
  'the exact location, then the longest prefix, then a regular expression answers',
  async (t, world) => {
    const locations = [
      location('/', say('root')),
      location('/a', { ...say('exact'), match: 'exact' }),
      location('/a', say('prefix')),
      location('/final/', { ...say('final'), match: 'prefix-final' }),
      location('\\.php$', { ...say('regex'), match: 'regex', regex: /\.php$/ }),
    ];
    const site = await run(world, [server({ location: location('', { locations }) })]);
    const answers: string[] = [];
    for (const path of ['/', '/a', '/ab', '/a/x.php', '/final/x.php', '/%61', '/b/../a']) {
      answers.push(await body(world, site, path));
    }
    t.deepEqual(answers, ['root', 'exact', 'prefix', 'regex', 'final', 'exact', 'exact']);
    await site.close();
  },
);

rule('the Host chooses the server', async (t, world) => {
  const named = (name: string) =>
    server({ names: [{ kind: 'exact', name }], location: location('', say(name)) });
  const site = await run(world, [
    named('one.example'),
    server({
      names: [{ kind: 'suffix', suffix: '.two.example' }],
      location: location('', say('two')),
    }),
  ]);
  const ask = (host: string) => exchange(world, site, `GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
  t.true((await ask('ONE.example:80')).endsWith('one.example'));
  t.true((await ask('www.two.example')).endsWith('two'));
  t.true((await ask('elsewhere')).endsWith('one.example'), 'the first one is the default');
  await site.close();
});

rule('what nobody wants to answer is not found, on a page of ours', async (t, world) => {
  const site = await run(world, [server()]);
  const page = await get(world, site, '/nothing');
  t.true(
    page.startsWith(
      'HTTP/1.1 404 Not Found\r\nServer: nginx/1.31.5\r\nContent-Type: text/html\r\n',
    ),
  );
  t.true(
    page.includes('<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx/1.31.5</center>'),
  );
  await site.close();
});

rule('rewrites go round ten times and no more', async (t, world) => {
  const rewrite = {
    kind: 'rewrite',
    regex: /^/,
    replacement: '/again',
    flag: 'last',
    dropArgs: false,
  } as const;
  const site = await run(world, [
    server({ location: location('', { locations: [location('/', { script: [rewrite] })] }) }),
  ]);
  t.true((await get(world, site, '/x')).startsWith('HTTP/1.1 500 Internal Server Error'));
  t.true(
    site.errors.some((line) => line.includes('cycle while processing "/again"')),
    String(site.errors),
  );
  await site.close();
});
