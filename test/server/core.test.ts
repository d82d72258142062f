import { Buffer } from 'node:buffer';
import { connect } from '../../src/net/index.ts';
import type { FileError, FileStatus } from '../../src/server/index.ts';
import { rule } from '../net/worlds.ts';
import { runConf, siteOf } from './proxy-kit.ts';
import { body, environment, exchange, get, run } from './site-kit.ts';

const KEPT = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

rule(
  'captures are escaped among arguments and in redirects, if the client had escaped',
  async (t, world) => {
    const site = await runConf(
      world,
      `server {
       location /a { rewrite ^/a(.*)$ /b?x=$1; return 200 "$uri $args"; }
       location /r { rewrite ^/r(.*)$ http://c$1?y redirect; }
       location /p { rewrite ^/p(.*)$ /q$1 permanent; }
     }`,
    );
    t.is(await body(world, site, '/a/%25?k=v'), '/b x=/%25&k=v');
    t.is(await body(world, site, '/a/+'), '/b x=/%2B');
    t.is(await body(world, site, '/a/;'), '/b x=/;');
    t.regex(await get(world, site, '/r/%20a%3F'), /^Location: http:\/\/c\/%20a\?\?y\r$/m);
    t.regex(
      await get(world, site, '/p/x?y'),
      /^HTTP\/1\.1 301 [\s\S]*^Location: http:\/\/\S+\/q\/x\?y\r$/m,
    );
    await site.close();
  },
);

rule('a question mark in a variable is part of the path', async (t, world) => {
  const site = await runConf(
    world,
    'server { location / { set $q "a?b"; rewrite ^ /$q?c; return 200 "$uri|$args"; } }',
  );
  t.is(await body(world, site, '/'), '/a?b|c');
  await site.close();
});

rule('a replacement that ends with a question mark drops the arguments', async (t, world) => {
  const site = await runConf(
    world,
    'server { location / { rewrite ^ /x?y?; return 200 "$uri|$args"; } }',
  );
  t.is(await body(world, site, '/?old'), '/x|y');
  await site.close();
});

rule('ten changes of the URI are allowed, and one more is none', async (t, world) => {
  const site = await runConf(
    world,
    'server { location / { rewrite ^ /x last; } location /ok { return 200 ok; } }',
  );
  t.true((await get(world, site, '/')).startsWith('HTTP/1.1 500 '));
  t.true(site.errors.some((line) => line.includes('rewrite or internal redirection cycle')));
  await site.close();
});

rule('a connection is kept for as many requests as allowed', async (t, world) => {
  const site = await runConf(
    world,
    'server { keepalive_requests 2; location / { return 200 $connection_requests; } }',
  );
  const answer = await exchange(world, site, KEPT + KEPT + KEPT);
  t.deepEqual(
    [...answer.matchAll(/^Connection: (.*)\r$/gm)].map(([, is]) => is),
    ['keep-alive', 'close'],
  );
  await site.close();
});

rule('the time of keepalive is told, if that is wanted, and 0 is none', async (t, world) => {
  const site = await runConf(
    world,
    `server {
       keepalive_timeout 20s 9s;
       location / { return 200; }
       location /zero { keepalive_timeout 0; return 200; }
     }`,
  );
  t.regex(await exchange(world, site, KEPT + LAST), /^Keep-Alive: timeout=9\r$/m);
  t.regex(await exchange(world, site, KEPT.replace('/', '/zero')), /^Connection: close\r$/m);
  await site.close();
});

rule('old browsers and Safari lose their connection where that is said', async (t, world) => {
  const site = await runConf(
    world,
    `server { location / { return 200; } location /s { keepalive_disable safari; return 200; } }`,
  );
  const asked = (method: string, path: string, agent: string): Promise<string> =>
    exchange(
      world,
      site,
      `${method} ${path} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${agent}\r\n\r\n${LAST}`,
    );
  const first = (answer: string): string => /^Connection: (.*)\r$/m.exec(answer)?.[1] ?? '';
  t.is(first(await asked('POST', '/', 'MSIE 6.0')), 'close');
  t.is(first(await asked('POST', '/', 'MSIE 6.0; SV1')), 'keep-alive');
  t.is(first(await asked('GET', '/', 'MSIE 6.0')), 'keep-alive');
  t.is(first(await asked('GET', '/s', 'Mac OS X Safari/1')), 'close');
  await site.close();
});

rule('limit_rate takes its time, and none where nothing is said', async (t, world) => {
  const site = await runConf(
    world,
    `server {
       location / { limit_rate 400; return 200 "${'x'.repeat(700)}"; }
       location /after { limit_rate 400; limit_rate_after 1k; return 200 "${'x'.repeat(700)}"; }
     }`,
  );
  const before = world.port.loop.nowMs();
  t.is((await body(world, site, '/')).length, 700);
  t.true(world.port.loop.nowMs() - before >= 900);
  const between = world.port.loop.nowMs();
  t.is((await body(world, site, '/after')).length, 700);
  t.true(world.port.loop.nowMs() - between < 900);
  await site.close();
});

rule('trailers stand behind a chunked body, and nowhere else', async (t, world) => {
  const site = await runConf(
    world,
    `server { add_trailer A $uri; add_trailer B $sent_trailer_a always; location / { return 200 hi; } }`,
  );
  t.regex(await exchange(world, site, LAST), /\r\n\r\n2\r\nhi\r\n0\r\nA: \/\r\nB: \/\r\n\r\n$/);
  t.regex(await get(world, site, '/'), /Content-Length: 2\r\n[\s\S]*\r\n\r\nhi$/);
  await site.close();
});

rule('stub_status counts connections and what they are doing', async (t, world) => {
  const site = await runConf(
    world,
    'server { location / { stub_status; } location /v { return 200 $connections_active; } }',
  );
  const idle = await connect(world.port, site.endpoint);
  await idle.send(Buffer.from('GET /v HTTP/1.1\r\nHost: a\r\n\r\n'));
  await idle.recv();
  t.is(
    await body(world, site, '/'),
    'Active connections: 2 \nserver accepts handled requests\n 2 2 2 \n' +
      'Reading: 0 Writing: 1 Waiting: 1 \n',
  );
  await idle.send(Buffer.from('GET /'));
  await idle.close();
  await site.close();
});

rule('all of a request is logged for clients that are to be debugged', async (t, world) => {
  const site = await runConf(world, 'server { location / { return 200; } }');
  await get(world, site, '/');
  t.true(
    site.errors.some((line) => line.includes('[debug]') && line.includes('http request line')),
  );
  await site.close();
});

rule('a browser that was slow with redirects gets a page that leads on', async (t, world) => {
  const site = await runConf(
    world,
    'server { msie_refresh on; location / { return 301 "to here"; } }',
  );
  const answer = await get(world, site, '/', 'User-Agent: MSIE 5.0\r\n');
  t.regex(answer, /^HTTP\/1\.1 200 OK[\s\S]*content="0; URL=to%20here"/);
  t.true((await get(world, site, '/')).startsWith('HTTP/1.1 301 '));
  await site.close();
});

rule('lists of fields are joined where that is said', async (t, world) => {
  const site = await runConf(
    world,
    `add_header A 1;
     server {
       location / { add_header B 2; return 200; }
       location /m { add_header_inherit merge; add_header B 2; return 200; }
       location /o { add_header_inherit off; return 200; }
     }`,
  );
  const fields = async (path: string): Promise<string> =>
    [...(await get(world, site, path)).matchAll(/^([AB]): /gm)].map(([, name]) => name).join('');
  t.deepEqual([await fields('/'), await fields('/m'), await fields('/o')], ['B', 'BA', '']);
  await site.close();
});

rule('bytes_sent is all that the client gets, the framing of chunks included', async (t, world) => {
  const site = await runConf(
    world,
    `log_format b "$bytes_sent $body_bytes_sent"; access_log log b;
     server { add_trailer A b always; location / { return 200 hello; } }`,
  );
  const answer = await exchange(world, site, LAST);
  await site.close();
  t.deepEqual([...site.logs.values()], [`${answer.length} 5\n`]);
});

rule('the end of a connection between two requests is told at info', async (t, world) => {
  const site = await runConf(world, 'server { location / { return 200; } }');
  const stream = await connect(world.port, site.endpoint);
  await stream.send(Buffer.from(KEPT));
  await stream.recv();
  await stream.close();
  await site.close();
  const { address } = world.any;
  t.true(site.errors.includes(`[info] *1 client ${address} closed keepalive connection`));
});

rule('what a regular expression captures by name may be set as well', async (t, world) => {
  const site = await runConf(
    world,
    `server {
       location ~ ^/(?<word>\\w+) {
         if ($arg_set) { set $word $arg_set; }
         return 200 $word;
       }
       location / { return 200 "[$word]"; }
     }`,
  );
  t.is(await body(world, site, '/captured'), 'captured');
  t.is(await body(world, site, '/captured?set=said'), 'said');
  t.is(await body(world, site, '/'), '[]', 'nothing of another request is left');
  await site.close();
});

rule('variables of TLS and of a cache exist, and find nothing', async (t, world) => {
  const site = await runConf(
    world,
    `log_format f "$ssl_protocol $ssl_client_s_dn $http2 $upstream_cache_status"; access_log log f;
     server { location / { return 200; } }`,
  );
  await get(world, site, '/');
  await site.close();
  t.deepEqual([...site.logs.values()], ['- - - -\n']);
});

rule('a log with variables is written only where the root of the request is', async (t, world) => {
  const written: string[] = [];
  const statuses = { '/there': { isDirectory: true }, '/file': { isDirectory: false } } as const;
  const missing = { code: 'ENOENT', errno: 2 };
  const status = (path: string): FileStatus | FileError =>
    path in statuses
      ? { isFile: false, size: 0, mtime: 0, ...statuses[path as keyof typeof statuses] }
      : missing;
  const conf = siteOf(
    `server { root /$arg_root; open_log_file_cache max=3 min_uses=2;
    location / { access_log /logs/$host f; return 200; } } log_format f line;`.replace(
      /(.*) (log_format .*;)$/s,
      '$2 $1',
    ),
  );
  const servers = conf.servers.map((one) => ({ ...one, listens: [] }));
  const site = await run(
    world,
    servers,
    conf,
    { ...environment(world, [], new Map()).files, status },
    {
      appendLog: (path, lines, cache) => {
        written.push(`${path} ${lines.trim()} ${cache?.max} ${cache?.minUses}`);
        return missing;
      },
    },
  );
  for (const root of ['there', 'file', 'none', 'there']) await get(world, site, `/?root=${root}`);
  await site.close();
  t.deepEqual(written, ['/logs/localhost line 3 2', '/logs/localhost line 3 2']);
  const told = site.errors.filter((line) => !line.startsWith('[debug]'));
  t.deepEqual(
    told.map((line) => line.replace(/\*\d+ |, client: .*/g, '')),
    [
      '[crit] open() "/logs/localhost" failed (2: No such file or directory)',
      '[error] "/file" is not a directory',
      '[error] testing "/none" existence failed (2: No such file or directory)',
    ],
    'a log that fails is told of once in a while',
  );
});
