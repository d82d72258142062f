import { Buffer } from 'node:buffer';
import { connect } from '../../src/net/index.ts';
import type { LocationConf } from '../../src/server/index.ts';
import { rule, type World } from '../net/worlds.ts';
import { fakeServer, ok, runConf } from './proxy-kit.ts';
import { exchange, location, run, server, type Test } from './site-kit.ts';

const say = (text: string) => ({ script: [{ kind: 'return', status: 200, text }] }) as const;
const saying = (conf: Partial<LocationConf> = {}) =>
  server({ location: location('', { locations: [location('/', { ...say('ok'), ...conf })] }) });

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\n';
const LAST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Answers by their statuses. */
const statuses = (text: string): readonly string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status as string);

rule('a body that nobody wants is dropped, and the next request is answered', async (t, world) => {
  const site = await run(world, [saying()]);
  const sent = `${HEAD}Content-Length: 5\r\n\r\n12345${LAST}`;
  t.deepEqual(statuses(await exchange(world, site, sent)), ['200', '200']);
  const chunked = `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n${LAST}`;
  t.deepEqual(statuses(await exchange(world, site, chunked)), ['200', '200']);
  await site.close();
});

rule('the rest of such a body may come behind the answer', async (t, world) => {
  const site = await run(world, [saying()]);
  const stream = await connect(world.port, site.endpoint);
  await stream.send(Buffer.from(`${HEAD}Content-Length: 8\r\n\r\n1234`));
  const first = await stream.recv();
  t.deepEqual(statuses(Buffer.from(first ?? []).toString('latin1')), ['200']);
  await stream.send(Buffer.from(`5678${LAST}`));
  let rest = '';
  for await (const chunk of stream) rest += Buffer.from(chunk).toString('latin1');
  t.deepEqual(statuses(rest), ['200']);
  await stream.close();
  await site.close();
});

rule('without time for the rest the connection is closed', async (t, world) => {
  const site = await run(world, [saying({ lingeringTime: 50, lingeringTimeout: 50 })]);
  const answer = await exchange(world, site, `${HEAD}Content-Length: 8\r\n\r\n1234`);
  t.deepEqual(statuses(answer), ['200']);
  await site.close();
});

rule('a dropped body that is none is 400', async (t, world) => {
  const site = await run(world, [saying()]);
  const sent = `${HEAD}Transfer-Encoding: chunked\r\n\r\n4\r\nMORE-THAN-THAT\r\n0\r\n\r\n`;
  t.deepEqual(statuses(await exchange(world, site, sent)), ['400']);
  await site.close();
});

rule(
  'a client that waits with its body is told to go on before it is dropped',
  async (t, world) => {
    const site = await run(world, [saying()]);
    const sent = `${HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab${LAST}`;
    t.deepEqual(statuses(await exchange(world, site, sent)), ['100', '200', '200']);
    await site.close();
  },
);

rule('it is not told so before an error, which ends the connection', async (t, world) => {
  const site = await run(world, [saying({ clientMaxBodySize: 1 })]);
  const sent = `${HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
  t.deepEqual(statuses(await exchange(world, site, sent)), ['413']);
  await site.close();
});

/** Sends a body of so many bytes to a server behind the site, which allows ten. */
async function send(t: Test, world: World, bytes: number, status: string): Promise<void> {
  const behind = await fakeServer(world, () => ok('behind'));
  const site = await runConf(
    world,
    `server { location / { client_max_body_size 10; proxy_pass http://${behind.address}; } }`,
  );
  const body = 'x'.repeat(bytes);
  const head = `${HEAD}Connection: close\r\n`;
  const plain = `${head}Content-Length: ${bytes}\r\n\r\n${body}`;
  t.deepEqual(statuses(await exchange(world, site, plain)), [status]);
  const chunk = `${bytes.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`;
  t.deepEqual(statuses(await exchange(world, site, chunked)), [status]);
  await site.close();
  await behind.close();
}

rule('a body of the largest size is taken', (t, world) => send(t, world, 10, '200'));

rule('one byte more is 413, also where the size is not said beforehand', (t, world) =>
  send(t, world, 11, '413'),
);

rule('a chunked body goes up with its length', async (t, world) => {
  const behind = await fakeServer(world, (_head, _connection, body) => ok(body));
  const site = await runConf(
    world,
    `server { location / { proxy_pass http://${behind.address}; } }`,
  );
  const sent = `${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
  t.regex(await exchange(world, site, sent), /\r\n\r\nabc$/);
  t.regex(behind.requests[0] as string, /^Content-Length: 3\r$/m);
  await site.close();
  await behind.close();
});

rule('a body that breaks off while it is read is logged as 400', async (t, world) => {
  const behind = await fakeServer(world, () => ok('behind'));
  const site = await runConf(
    world,
    `log_format s $status; access_log log s;
     server { location / { proxy_pass http://${behind.address}; } }`,
  );
  const stream = await connect(world.port, site.endpoint);
  await stream.send(Buffer.from(`${HEAD}Content-Length: 8\r\n\r\n1234`));
  await stream.close();
  await site.close();
  t.deepEqual([...site.logs.values()], ['400\n']);
  await behind.close();
});

rule("a page for a body that is too large may be a server's", async (t, world) => {
  const behind = await fakeServer(world, () => ok('sorry'));
  const site = await runConf(
    world,
    `server {
       client_max_body_size 1; error_page 413 =413 /sorry;
       location / { return 200; }
       location /sorry { proxy_pass http://${behind.address}; }
     }`,
  );
  const sent = `${HEAD}Content-Length: 5\r\n\r\n12345`;
  t.regex(await exchange(world, site, sent), /^HTTP\/1\.1 413 [\s\S]*sorry$/);
  t.regex(behind.requests[0] as string, /^GET \/sorry /);
  await site.close();
  await behind.close();
});
