import { connect } from '../../src/net/index.ts';
import { rule } from '../net/worlds.ts';
import { memoryFiles } from './memory-files.ts';
import { fakeServer, ok, runConf } from './proxy-kit.ts';
import { body, exchange, get } from './site-kit.ts';

const status = (code: number): string => `HTTP/1.1 ${code} Said\r\nContent-Length: 0\r\n\r\n`;
const TRIED = 'add_header X-Tried "$upstream_addr = $upstream_status" always;';

rule('statuses that are listed go to the next server, others do not', async (t, world) => {
  const one = await fakeServer(world, (head) => status(head.includes('/404') ? 404 : 503));
  const two = await fakeServer(world, () => ok('two'));
  const site = await runConf(
    world,
    `upstream u { server ${one.address} max_fails=0; server ${two.address} backup; }
    server { ${TRIED} proxy_next_upstream http_503; location / { proxy_pass http://u; } }`,
  );
  const answer = await get(world, site, '/');
  t.true(answer.includes(`X-Tried: ${one.address}, ${two.address} = 503, 200\r\n`), answer);
  t.true(answer.endsWith('two'));
  t.true((await get(world, site, '/404')).startsWith('HTTP/1.1 404 Said'));
  await site.close();
  await one.close();
  await two.close();
});

rule('the last server that may be tried is passed on as it is', async (t, world) => {
  const up = await fakeServer(world, () => status(503));
  const site = await runConf(
    world,
    `upstream u { server ${up.address} max_fails=0; server 127.0.0.1:1 down; }
    upstream three { server ${up.address}; server ${up.address} backup; }
    server { ${TRIED} proxy_next_upstream http_503; location / { proxy_pass http://u; }
      location /once { proxy_pass http://three; proxy_next_upstream_tries 1; } }`,
  );
  t.true((await get(world, site, '/')).includes(`X-Tried: ${up.address} = 503\r\n`));
  t.true((await get(world, site, '/once')).includes(`X-Tried: ${up.address} = 503\r\n`));
  await site.close();
  await up.close();
});

rule('a POST that may have arrived is repeated only where that is allowed', async (t, world) => {
  const bad = await fakeServer(world, () => undefined);
  const good = await fakeServer(world, () => ok('good'));
  const site = await runConf(
    world,
    `upstream u { server ${bad.address} max_fails=0; server ${good.address} backup; }
    server { location / { proxy_pass http://u; }
      location /may { proxy_pass http://u; proxy_next_upstream error non_idempotent; } }`,
  );
  const post = (path: string): Promise<string> =>
    exchange(
      world,
      site,
      `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\na`,
    );
  t.true((await post('/')).startsWith('HTTP/1.1 502 Bad Gateway'));
  t.true((await post('/may')).endsWith('good'));
  t.is(await body(world, site, '/'), 'good', 'a GET is');
  await site.close();
  await bad.close();
  await good.close();
});

rule('a kept connection that its server has given up is replaced by another', async (t, world) => {
  let asked = 0;
  const up = await fakeServer(world, (_, connection) => {
    asked += 1;
    return connection === 0 && asked > 1 ? undefined : ok(`over ${connection}`);
  });
  const site = await runConf(
    world,
    `upstream u { server ${up.address}; }
    server { ${TRIED} location / { proxy_pass http://u; } }`,
  );
  t.is(await body(world, site, '/'), 'over 0');
  const answer = await get(world, site, '/');
  t.true(answer.endsWith('over 1'), answer);
  t.true(answer.includes(`X-Tried: ${up.address}, ${up.address} = 502, 200\r\n`), answer);
  await site.close();
  await up.close();
});

rule('where no server is alive, the group is named', async (t, world) => {
  const up = await fakeServer(world, () => undefined);
  const site = await runConf(
    world,
    `upstream group { server ${up.address}; server ${up.address} max_fails=1; }
    server { ${TRIED} location / { proxy_pass http://group; } }`,
  );
  await get(world, site, '/');
  const answer = await get(world, site, '/');
  t.true(answer.startsWith('HTTP/1.1 502 Bad Gateway'));
  t.true(answer.includes('X-Tried: group = 502\r\n'), answer);
  t.true(
    site.errors.some((line) => line.includes('no live upstreams while connecting to upstream')),
  );
  await site.close();
  await up.close();
});

rule('attempts of two locations are listed apart', async (t, world) => {
  const one = await fakeServer(world, () => status(404));
  const two = await fakeServer(world, () => ok('two'));
  const site = await runConf(
    world,
    `server { ${TRIED} proxy_intercept_errors on; error_page 404 = @other;
      location / { proxy_pass http://${one.address}; }
      location @other { proxy_pass http://${two.address}; } }`,
  );
  const answer = await get(world, site, '/');
  t.true(answer.includes(`X-Tried: ${one.address} : ${two.address} = 404 : 200\r\n`), answer);
  await site.close();
  await one.close();
  await two.close();
});

rule('an X-Accel-Redirect is followed, with the fields that outlast it', async (t, world) => {
  const up = await fakeServer(world, (head) =>
    ok(
      'gone',
      `X-Accel-Redirect: ${head.includes('/bad') ? '/../x' : '/in/a%20b?c=d'}\r\n` +
        'Content-Type: text/mine\r\nSet-Cookie: a=b\r\nX-Other: 1\r\n',
    ),
  );
  const site = await runConf(
    world,
    `server { location / { proxy_pass http://${up.address}; }
      location /ignore { proxy_pass http://${up.address}; proxy_ignore_headers X-Accel-Redirect; }
      location /in/ { internal; return 200 "$uri $args $request_method"; } }`,
  );
  t.is(
    await get(world, site, '/'),
    'HTTP/1.1 200 OK\r\nServer: nginx/1.31.5\r\nContent-Type: text/mine\r\nContent-Length: 15\r\n' +
      'Connection: close\r\nSet-Cookie: a=b\r\n\r\n/in/a b c=d GET',
  );
  t.is(await body(world, site, '/ignore'), 'gone');
  t.true((await get(world, site, '/bad')).startsWith('HTTP/1.1 404'));
  await site.close();
  await up.close();
});

rule(
  'a connection of a group is used again, and kept over an answer of no use',
  async (t, world) => {
    const up = await fakeServer(world, (head) => (head.includes('/no') ? status(404) : ok('yes')));
    const site = await runConf(
      world,
      `upstream u { server ${up.address}; }
    server { proxy_intercept_errors on; error_page 404 /page; location / { proxy_pass http://u; }
      location /page { return 200 page; } }`,
    );
    t.is(await body(world, site, '/a'), 'yes');
    t.is(await body(world, site, '/no'), 'page');
    t.is(await body(world, site, '/b'), 'yes');
    t.is(up.connections(), 1);
    await site.close();
    await up.close();
  },
);

rule('fields of the answer, its cookies and what it took are variables', async (t, world) => {
  const up = await fakeServer(world, () =>
    ok('12345', 'X-A: 1\r\nx-a: 2\r\nSet-Cookie: c=d; e\r\n'),
  );
  const site = await runConf(
    world,
    `log_format f '$upstream_http_x_a|$upstream_cookie_c|$upstream_response_length|'
      '$upstream_bytes_received|$upstream_bytes_sent|$upstream_connect_time|'
      '$upstream_header_time|$upstream_response_time|$proxy_host|$proxy_port';
    server { access_log /log f; location / { proxy_pass http://${up.address}; } }`,
  );
  await get(world, site, '/');
  const received = ok('12345', 'X-A: 1\r\nx-a: 2\r\nSet-Cookie: c=d; e\r\n').length;
  const [line = ''] = [...site.logs.values()];
  const values = line.trim().split('|');
  t.deepEqual(values.slice(0, 5), ['1, 2', 'd', '5', `${received}`, `${up.requests[0]?.length}`]);
  for (const time of values.slice(5, 8)) t.regex(time, /^\d+\.\d{3}$/);
  t.deepEqual(values.slice(8), [up.address, String(up.endpoint.port)]);
  await site.close();
  await up.close();
});

rule('101 makes a relay of the two connections', async (t, world) => {
  const up = await fakeServer(world, (head, _, text) =>
    head.startsWith('GET')
      ? 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi '
      : `${head}${text}\r\nConnection: close\r\n`,
  );
  const site = await runConf(
    world,
    `server { location / { proxy_pass http://${up.address};
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }`,
  );
  const answer = await exchange(
    world,
    site,
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nbytes\r\n\r\n',
  );
  t.true(answer.startsWith('HTTP/1.1 101 Switching Protocols\r\nServer: nginx/1.31.5\r\n'), answer);
  t.true(answer.includes('\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi bytes'), answer);
  await site.close();
  await up.close();
});

rule('a 101 that nobody asked for is no answer', async (t, world) => {
  const up = await fakeServer(
    world,
    () => 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n',
  );
  const site = await runConf(world, `server { location / { proxy_pass http://${up.address}; } }`);
  t.true((await get(world, site, '/')).startsWith('HTTP/1.1 502 Bad Gateway'));
  await site.close();
  await up.close();
});

rule(
  'a client that leaves ends the work of its server, unless that is to go on',
  async (t, world) => {
    const asked = new Map<string, (head: string) => void>();
    const up = await fakeServer(world, (head) => {
      asked.get(head.split(' ')[1] ?? '')?.(head);
      return '';
    });
    const site = await runConf(
      world,
      `log_format f '$uri $status $upstream_status $upstream_header_time';
    server { access_log /log f; location / { proxy_pass http://${up.address}; } }`,
    );
    const arrived = new Promise<string>((resolve) => asked.set('/a', resolve));
    const stream = await connect(world.port, site.endpoint);
    await stream.send(Buffer.from('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'));
    await arrived;
    await stream.close();
    // The server sees its connection end, so that it can be closed without waiting.
    await up.close();
    t.deepEqual([...site.logs.values()], ['/a 499 - -\n']);
    t.true(
      site.errors.some((line) =>
        line.includes('prematurely closed connection, so upstream connection is closed too'),
      ),
    );
    await site.close();
  },
);

rule('with proxy_ignore_client_abort a server is heard to its end', async (t, world) => {
  let arrived = (): void => {};
  let answer = (_: string): void => {};
  const asked = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const said = new Promise<string>((resolve) => {
    answer = resolve;
  });
  const up = await fakeServer(world, () => {
    arrived();
    return said;
  });
  const site = await runConf(
    world,
    `log_format f '$status $upstream_status $upstream_response_length';
    upstream u { server ${up.address}; }
    server { access_log /log f; location / { proxy_pass http://u; proxy_ignore_client_abort on; }
      location /other { access_log off; return 200 other; } }`,
  );
  const stream = await connect(world.port, site.endpoint);
  await stream.send(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
  await asked;
  await stream.close();
  t.is(await body(world, site, '/other'), 'other');
  t.is(site.logs.size, 0);
  answer(ok('late'));
  while (site.logs.size === 0) await body(world, site, '/other');
  t.deepEqual([...site.logs.values()], ['200 200 4\n']);
  t.is(await body(world, site, '/'), 'late');
  t.is(up.connections(), 1, 'the connection is kept');
  await site.close();
  await up.close();
});

rule('a server that switches protocols within a page has no answer', async (t, world) => {
  const up = await fakeServer(
    world,
    () => 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n',
  );
  const site = await runConf(
    world,
    `server { ssi on; root /www; location / { }
      location /up { proxy_pass http://${up.address}; proxy_set_header Upgrade $http_upgrade; } }`,
    { files: memoryFiles({ '/www/a.html': '[<!--#include virtual="/up" -->]' }) },
  );
  const answer = await exchange(
    world,
    site,
    'GET /a.html HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: echo\r\n\r\n',
  );
  t.true(answer.includes('502 Bad Gateway</title>'), answer);
  t.true(answer.startsWith('HTTP/1.1 200 OK'), 'the page is there');
  await site.close();
  await up.close();
});
