import { rule } from '../net/worlds.ts';
import { fakeServer, ok, runConf } from './proxy-kit.ts';
import { body, exchange, get } from './site-kit.ts';

const targetOf = (request: string | undefined): string => request?.split(' ')[1] ?? '';

rule('the target that goes up is made as nginx makes it', async (t, world) => {
  const up = await fakeServer(world, () => ok('x'));
  const site = await runConf(
    world,
    `server {
      location /n/ { proxy_pass http://${up.address}; }
      location /p/ { proxy_pass http://${up.address}/x/; }
      location /q { proxy_pass http://${up.address}/x/; }
      location /v/ { proxy_pass http://${up.address}/z$is_args$args; }
      location /rw/ { rewrite ^/rw/(.*) /new/$1?k=1 break; proxy_pass http://${up.address}/no/; }
      location /host/ { set $up ${up.address}; proxy_pass http://$up; }
    }`,
  );
  const rows = [
    ['/n/a%20b//c/../d?x', '/n/a%20b//c/../d?x'],
    ['/p/a%20b%2Fc//d/../e?x=%20y', '/x/a%20b/c/e?x=%20y'],
    ['/p/%3Fa%23b%25', '/x/%3Fa%23b%25'],
    ['/p/%20"<>', '/x/%20%22%3C%3E'],
    ['/q/1', '/x//1'],
    ['/qq', '/x/q'],
    ['/v/abc?x=1', '/z?x=1'],
    ['/host/a%20b', '/host/a%20b'],
    ['/rw/a%20b?z=2', '/new/a%20b?k=1&z=2'],
  ] as const;
  for (const [asked, expected] of rows) {
    await get(world, site, asked);
    t.is(targetOf(up.requests.at(-1)), expected, asked);
  }
  await site.close();
  await up.close();
});

rule('fields go up but for those between two, and set ones take their place', async (t, world) => {
  const up = await fakeServer(world, () => ok('x'));
  const site = await runConf(
    world,
    `server { location / { proxy_pass http://${up.address};
      proxy_set_header X-Real $remote_addr; proxy_set_header X-Gone ""; } }`,
  );
  await exchange(
    world,
    site,
    'GET /a HTTP/1.1\r\nHost: client.example\r\nX-Real: lie\r\nTE: trailers\r\nx-gone: a\r\n' +
      'Connection: close, X-Mine\r\nX-Mine: 1\r\nAccept: b\r\nExpect: 100-continue\r\n\r\n',
  );
  t.is(
    up.requests[0],
    `GET /a HTTP/1.1\r\nHost: ${up.address}\r\nX-Real: 127.0.0.1\r\nAccept: b\r\n\r\n`,
  );
  await site.close();
  await up.close();
});

rule('an answer is passed on without what is between the server and us', async (t, world) => {
  const up = await fakeServer(world, () =>
    ok('hello', 'Server: other\r\nX-Accel-Expires: 1\r\nX-Hidden: 1\r\nX-Shown: 2\r\n'),
  );
  const site = await runConf(
    world,
    `server { proxy_hide_header X-Hidden; location / { proxy_pass http://${up.address}; }
      location /passes { proxy_pass http://${up.address}; proxy_pass_header Server; } }`,
  );
  t.is(
    await get(world, site, '/'),
    'HTTP/1.1 200 OK\r\nServer: nginx/1.31.5\r\nContent-Length: 5\r\nConnection: close\r\n' +
      'X-Shown: 2\r\n\r\nhello',
  );
  t.true((await get(world, site, '/passes')).includes('Server: other\r\n'));
  await site.close();
  await up.close();
});

rule('Location, Refresh and cookies go back to where the client asked', async (t, world) => {
  const up = await fakeServer(world, () =>
    ok(
      '',
      'Location: http://back.example/x/a\r\nRefresh: 3; url=http://back.example/x/b\r\n' +
        'Set-Cookie: a=b; Domain=.Back.example; Path=/x/; SameSite=Lax\r\n',
    ),
  );
  const site = await runConf(
    world,
    `server { location /p/ { proxy_pass http://${up.address}/x/;
      proxy_redirect ~^http://back.example/x/(.*)$ /p/$1;
      proxy_cookie_domain back.example front.example; proxy_cookie_path /x/ /p/;
      proxy_cookie_flags a secure samesite=strict; } }`,
  );
  const answer = await get(world, site, '/p/');
  t.regex(answer, /\r\nLocation: http:\/\/localhost:\d+\/p\/a\r\n/);
  t.true(answer.includes('Refresh: 3; url=/p/b\r\n'), answer);
  t.true(
    answer.includes(
      'Set-Cookie: a=b; Domain=.front.example; Path=/p/; SameSite=Strict; Secure\r\n',
    ),
    answer,
  );
  await site.close();
  await up.close();
});

rule('a body that was read goes up with its length, as often as it must', async (t, world) => {
  const bad = await fakeServer(world, () => undefined);
  const good = await fakeServer(world, (_, __, text) => ok(text));
  const site = await runConf(
    world,
    `upstream u { server ${bad.address}; server ${good.address}; }
    server { location / { proxy_pass http://u; proxy_next_upstream error non_idempotent; } }`,
  );
  const answer = await exchange(
    world,
    site,
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
  );
  t.true(answer.endsWith('\r\n\r\nabcde'), answer);
  t.true(bad.requests[0]?.includes('Content-Length: 5\r\n'));
  t.is(bad.requests[0], good.requests[0]?.replace(good.address, bad.address));
  await site.close();
  await bad.close();
  await good.close();
});

rule('without buffering, a chunked body goes up chunked', async (t, world) => {
  const up = await fakeServer(world, (_, __, text) => ok(text));
  const site = await runConf(
    world,
    `server { location / { proxy_pass http://${up.address}; proxy_request_buffering off; } }`,
  );
  const answer = await exchange(
    world,
    site,
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
  );
  t.true(answer.endsWith('5\r\nabcde\r\n0\r\n\r\n'), answer);
  await site.close();
  await up.close();
});

rule('a server is asked what stands in for method and body', async (t, world) => {
  const up = await fakeServer(world, (_, __, text) => ok(text));
  const site = await runConf(
    world,
    `server { location / { proxy_pass http://${up.address}; proxy_method PUT;
      proxy_set_body "uri=$uri"; proxy_pass_request_headers off; proxy_http_version 1.0; } }`,
  );
  t.is(await body(world, site, '/a', 'X-A: 1\r\n'), 'uri=/a');
  t.is(up.requests[0], `PUT /a HTTP/1.0\r\nHost: ${up.address}\r\nContent-Length: 6\r\n\r\nuri=/a`);
  await site.close();
  await up.close();
});

rule('a head larger than proxy_buffer_size is refused, one as large is not', async (t, world) => {
  const head = (bytes: number): string => {
    const rest = ok('').length;
    return ok('', `X: ${'a'.repeat(bytes - rest - 5)}\r\n`);
  };
  const up = await fakeServer(world, (asked) => head(asked.includes('/large') ? 1025 : 1024));
  const site = await runConf(
    world,
    `server { location / { proxy_pass http://${up.address}; proxy_buffer_size 1k; } }`,
  );
  t.true((await get(world, site, '/')).startsWith('HTTP/1.1 200 OK'));
  t.true((await get(world, site, '/large')).startsWith('HTTP/1.1 502 Bad Gateway'));
  t.true(site.errors.some((line) => line.includes('upstream sent too big header while reading')));
  await site.close();
  await up.close();
});

rule('messages about a server name it, and what it was asked', async (t, world) => {
  const up = await fakeServer(world, () => undefined);
  const site = await runConf(
    world,
    `server { server_name a.example; location / { proxy_pass http://${up.address}/b/; } }`,
  );
  t.true((await get(world, site, '/x')).startsWith('HTTP/1.1 502 Bad Gateway'));
  const line = site.errors.find((one) => one.includes('upstream')) ?? '';
  t.true(
    line.includes(
      'upstream prematurely closed connection while reading response header from upstream, ' +
        'client: 127.0.0.1, server: a.example, request: "GET /x HTTP/1.0", ' +
        `upstream: "http://${up.address}/b/x", host: "localhost"`,
    ),
    line,
  );
  await site.close();
  await up.close();
});

rule('trailers are passed on where that is wanted, and kept for variables', async (t, world) => {
  const up = await fakeServer(
    world,
    () =>
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n' +
      '1\r\na\r\n0\r\nX-A: 1\r\nContent-Length: 7\r\n\r\n',
  );
  const site = await runConf(
    world,
    `log_format f '$upstream_trailer_x_a';
    server { access_log /log f; location / { proxy_pass http://${up.address}; }
      location /pass { proxy_pass http://${up.address}; proxy_pass_trailers on; } }`,
  );
  const ask = (path: string): Promise<string> =>
    exchange(world, site, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  t.true((await ask('/')).endsWith('\r\n\r\n1\r\na\r\n0\r\n\r\n'));
  const answer = await ask('/pass');
  t.true(answer.includes('\r\nTrailer: X-A\r\n'), answer);
  t.true(answer.endsWith('\r\n\r\n1\r\na\r\n0\r\nX-A: 1\r\n\r\n'), answer);
  t.deepEqual([...site.logs.values()], ['1\n1\n']);
  await site.close();
  await up.close();
});

rule('proxy_force_ranges answers in parts what a server sends whole', async (t, world) => {
  const up = await fakeServer(world, () => ok('0123456789', 'Accept-Ranges: none\r\n'));
  const site = await runConf(
    world,
    `server { location / { proxy_pass http://${up.address}; }
      location /force { proxy_pass http://${up.address}; proxy_force_ranges on; } }`,
  );
  t.true((await get(world, site, '/', 'Range: bytes=2-4\r\n')).endsWith('\r\n\r\n0123456789'));
  const part = await get(world, site, '/force', 'Range: bytes=2-4\r\n');
  t.true(part.startsWith('HTTP/1.1 206 Partial Content\r\n'), part);
  t.true(part.endsWith('\r\n\r\n234'), part);
  const beyond = await get(world, site, '/force', 'Range: bytes=20-\r\n');
  t.true(beyond.startsWith('HTTP/1.1 416 '), beyond);
  await site.close();
  await up.close();
});

rule('large bodies pass both ways, whoever is slower', async (t, world) => {
  const large = Buffer.alloc(1024 * 1024, '0123456789abcdef').toString();
  const up = await fakeServer(world, (_, __, text) => ok(text));
  const site = await runConf(
    world,
    `server { client_max_body_size 2m; client_body_buffer_size 2m;
      location / { proxy_pass http://${up.address}; }
      location /streams { proxy_pass http://${up.address}; proxy_request_buffering off; } }`,
  );
  for (const path of ['/', '/streams']) {
    const answer = await exchange(
      world,
      site,
      `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
        `Content-Length: ${large.length}\r\n\r\n${large}`,
    );
    t.is(answer.length - answer.indexOf('\r\n\r\n') - 4, large.length, path);
    t.true(answer.endsWith(large.slice(-100)), path);
  }
  await site.close();
  await up.close();
});

rule('an answer that breaks off is seen to be cut', async (t, world) => {
  const up = await fakeServer(
    world,
    () => 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n12345',
  );
  const site = await runConf(world, `server { location / { proxy_pass http://${up.address}; } }`);
  const answer = await get(world, site, '/');
  t.true(answer.includes('Content-Length: 10\r\n'), answer);
  t.true(answer.endsWith('\r\n\r\n12345'), answer);
  t.true(
    site.errors.some((line) =>
      line.includes('upstream prematurely closed connection while reading upstream'),
    ),
  );
  await site.close();
  await up.close();
});
