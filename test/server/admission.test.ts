import { createHash } from 'node:crypto';
import { rule } from '../net/worlds.ts';
import { memoryFiles } from './memory-files.ts';
import { body, get, location, run, server } from './site-kit.ts';

const statusOf = (answer: string): string => /^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? '';
const basic = (text: string): string =>
  `Authorization: Basic ${Buffer.from(text).toString('base64')}\r\n`;

rule('the first rule that an address is in lets it in or not', async (t, world) => {
  const locations = [
    location('/in', {
      accessRules: [
        { allow: true, from: '127.0.0.0/8' },
        { allow: false, from: 'all' },
      ],
    }),
    location('/out', { accessRules: [{ allow: false, from: 'all' }] }),
  ];
  const site = await run(world, [server({ location: location('', { locations }) })]);
  t.is(statusOf(await get(world, site, '/in')), '404');
  t.is(statusOf(await get(world, site, '/out')), '403');
  await site.close();
});

const USERS = [
  '# comment:{PLAIN}x',
  'plain:{PLAIN}secret:a comment',
  'sha:$5$saltstring$OH4IDuTlsuTYPdED1gsuiRMyTAwNlRWyA6Xr3I4/dQ5',
  'blowfish:$2y$05$abcdefghijklmnopqrstuv',
  'last:{PLAIN}end',
].join('\n');

const guarded = { authBasic: 'the realm', authBasicUserFile: '/users' };

rule('a name and a password of the file open the location', async (t, world) => {
  const site = await run(
    world,
    [server({ location: location('', guarded) })],
    {},
    memoryFiles({ '/users': USERS }),
  );
  const ask = async (text: string) => statusOf(await get(world, site, '/', basic(text)));
  t.is(await ask('plain:secret'), '404');
  t.is(await ask('plain:wrong'), '401');
  t.is(await ask('last:end'), '404');
  t.is(await ask('nobody:x'), '401');
  t.is(await ask('# comment:x'), '401');
  t.is(await ask('blowfish:x'), '500');
  const unasked = await get(world, site, '/');
  t.is(statusOf(unasked), '401');
  t.true(unasked.includes('\r\nWWW-Authenticate: Basic realm="the realm"\r\n'));
  t.true(site.errors.some((line) => line.includes('bcrypt is not supported')));
  await site.close();
});

rule(
  'a hash that takes thousands of rounds is checked while others are answered',
  async (t, world) => {
    const site = await run(
      world,
      [server({ location: location('', guarded) })],
      {},
      memoryFiles({ '/users': USERS }),
    );
    const ended: string[] = [];
    const ask = async (text: string) => {
      const status = statusOf(await get(world, site, '/', basic(text)));
      ended.push(text);
      return status;
    };
    const answers = await Promise.all([ask('sha:password'), ask('plain:secret'), ask('sha:wrong')]);
    t.deepEqual(answers, ['404', '404', '401']);
    t.is(ended[0], 'plain:secret');
    await site.close();
  },
);

rule('a file that is not there keeps everybody out', async (t, world) => {
  const site = await run(world, [server({ location: location('', guarded) })], {}, memoryFiles({}));
  t.is(statusOf(await get(world, site, '/', basic('plain:secret'))), '403');
  await site.close();
});

rule('with satisfy any one of address and password is enough', async (t, world) => {
  const any = { ...guarded, satisfy: 'any' } as const;
  const allow = [{ allow: true, from: '127.0.0.1' }];
  const deny = [{ allow: false, from: 'all' }];
  const locations = [
    location('/address', { ...any, accessRules: allow }),
    location('/password', { ...any, accessRules: deny }),
    location('/all', { ...guarded, accessRules: deny }),
  ];
  const site = await run(
    world,
    [server({ location: location('', { locations }) })],
    {},
    memoryFiles({ '/users': USERS }),
  );
  t.is(statusOf(await get(world, site, '/address')), '404');
  t.is(statusOf(await get(world, site, '/password')), '401');
  t.is(statusOf(await get(world, site, '/password', basic('plain:secret'))), '404');
  t.is(statusOf(await get(world, site, '/all', basic('plain:secret'))), '403');
  await site.close();
});

rule('who is not known waits for the answer', async (t, world) => {
  const conf = { ...guarded, authDelay: 150 };
  const site = await run(
    world,
    [server({ location: location('', conf) })],
    {},
    memoryFiles({ '/users': USERS }),
  );
  const start = world.port.loop.nowMs();
  t.is(statusOf(await get(world, site, '/')), '401');
  const passed = world.port.loop.nowMs() - start;
  t.true(passed >= 150, `${passed} ms`);
  t.is(statusOf(await get(world, site, '/', basic('plain:secret'))), '404');
  await site.close();
});

const shown = (names: readonly string[]) => ({
  kind: 'return' as const,
  status: 200,
  text: names.flatMap((name) => [{ name }, '|']),
});

rule('a link is good when its hash is, until it expires', async (t, world) => {
  const conf = {
    secureLink: [{ name: 'arg_hash' }, ',', { name: 'arg_time' }],
    secureLinkMd5: ['secret', { name: 'uri' }, { name: 'arg_time' }],
    script: [shown(['secure_link', 'secure_link_expires'])],
  };
  const site = await run(world, [
    server({ location: location('', { locations: [location('/', conf)] }) }),
  ]);
  const ask = (time: string, signed = time) => {
    const hash = createHash('md5').update(`secret/a${signed}`).digest('base64url');
    return body(world, site, `/a?hash=${hash}&time=${time}`);
  };
  t.is(await ask('9000000000'), '1|9000000000|');
  t.is(await ask('1000'), '0|1000|');
  t.is(await ask('9000000000', '1000'), '|9000000000|');
  t.is(await ask('0'), '||');
  t.is(await ask(''), '||');
  await site.close();
});

rule('a secret in front of the path is checked, too', async (t, world) => {
  const conf = { secureLinkSecret: 'secret', script: [shown(['secure_link'])] };
  const site = await run(world, [
    server({ location: location('', { locations: [location('/p/', conf)] }) }),
  ]);
  const hash = createHash('md5').update('a/bsecret').digest('hex');
  t.is(await body(world, site, `/p/${hash}/a/b`), 'a/b|');
  t.is(await body(world, site, `/p/${hash}/a/c`), '|');
  await site.close();
});

rule('pages that may refer here are told from those that may not', async (t, world) => {
  const validReferers = {
    none: true,
    blocked: false,
    serverNames: true,
    names: [
      { name: '*.example.org', path: '' },
      { name: 'example.net', path: '/dir/' },
    ],
    regexes: [/^www\.\w+\.example\.com/i],
  };
  const conf = { validReferers, script: [shown(['invalid_referer'])] };
  const site = await run(world, [
    server({
      names: [{ kind: 'exact', name: 'own.example' }],
      location: location('', { locations: [location('/', conf)] }),
    }),
  ]);
  const ask = (referer: string) => body(world, site, '/', `Referer: ${referer}\r\n`);
  t.is(await body(world, site, '/'), '|');
  t.is(await ask('http://www.example.org/x'), '|');
  t.is(await ask('https://example.net:80/dir/x'), '|');
  t.is(await ask('https://example.net/other'), '1|');
  t.is(await ask('HTTP://own.example/'), '|');
  t.is(await ask('http://www.a.example.com/'), '|');
  t.is(await ask('http://elsewhere.example/'), '1|');
  t.is(await ask('nothing of a page'), '1|', 'blocked ones are not fine here');
  await site.close();
});
