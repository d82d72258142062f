import test from 'ava';
import { lineOf } from '../../../src/proxy/access-format.ts';
import { type AccessFormat, defineProxy, reply } from '../../../src/proxy/index.ts';
import { answering, ok } from '../upstream.ts';
import { nodeTest, request, type World, worldTest } from './world.ts';

const TIME_MS = Date.UTC(2026, 10, 20, 9, 0, 0, 123);

/** Runs an exchange that is answered upstream, one that fails, and what is no request. */
async function linesOf(world: World, format: AccessFormat | undefined): Promise<string[]> {
  const url = await world.upstream(answering(() => ok('fine')));
  const written: string[] = [];
  const accessLog = {
    write: (lines: string) => written.push(lines),
    wallMs: () => TIME_MS,
    ...(format !== undefined && { format }),
  };
  await world.listen(
    defineProxy({
      earlyRequest: (s) => {
        s.clientIp = s.req.headers.get('x-real-ip') ?? s.clientIp;
      },
    })
      .route('/up', url)
      .route('/own', { requestFilter: () => reply(403, 'no') }),
    { accessLog },
  );
  await world.get('/up?q', 'User-Agent: "x"\r\nX-Real-IP: 10.1.1.1\r\n');
  await world.get('/own');
  const client = await world.client();
  client.write('nonsense\r\n\r\n');
  await client.response();
  await world.running.close({ drainMs: 0 });
  return written.join('').trimEnd().replaceAll(url.slice(7), 'UPSTREAM').split('\n');
}

worldTest('the combined format, and the client that a handler has found', async (t, world) => {
  t.deepEqual(await linesOf(world, undefined), [
    '10.1.1.1 - - [20/Nov/2026:09:00:00 +0000] "GET /up?q HTTP/1.1" 200 4 "-" "\\x22x\\x22"',
    '127.0.0.1 - - [20/Nov/2026:09:00:00 +0000] "GET /own HTTP/1.1" 403 2 "-" "-"',
    '127.0.0.1 - - [20/Nov/2026:09:00:00 +0000] "-" 400 0 "-" "-"',
  ]);
});

nodeTest('JSON, an object for each exchange', async (t, world) => {
  const entries = (await linesOf(world, 'json')).map((line) => JSON.parse(line));
  t.like(entries[0], {
    time: '2026-11-20T09:00:00.123Z',
    clientIp: '10.1.1.1',
    method: 'GET',
    target: '/up?q',
    status: 200,
    bodyBytes: 4,
    upstream: 'UPSTREAM',
    agent: '"x"',
  });
  t.like(entries[1], { status: 403, target: '/own' });
  t.like(entries[2], { status: 400, method: '' });
  t.is(entries.length, 3);
});

nodeTest('a template with nginx’s variables', async (t, world) => {
  const lines = await linesOf(
    world,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: nginx writes variables like that.
    '$remote_addr [$time_local] $time_iso8601 $msec "$request" ${request_method}_$request_uri $status $body_bytes_sent $upstream_addr "$http_user_agent" $error',
  );
  t.deepEqual(lines, [
    '10.1.1.1 [20/Nov/2026:09:00:00 +0000] 2026-11-20T09:00:00+00:00 1795165200.123 "GET /up?q HTTP/1.1" GET_/up?q 200 4 UPSTREAM "\\x22x\\x22" -',
    '127.0.0.1 [20/Nov/2026:09:00:00 +0000] 2026-11-20T09:00:00+00:00 1795165200.123 "GET /own HTTP/1.1" GET_/own 403 2 - "-" -',
    '127.0.0.1 [20/Nov/2026:09:00:00 +0000] 2026-11-20T09:00:00+00:00 1795165200.123 "-" _ 400 0 - "-" -',
  ]);
});

nodeTest('a function: its line stays one, and one that throws loses none', async (t, world) => {
  const lines = await linesOf(world, ({ status, target }) => {
    if (status === 403) throw new Error('oops');
    return `${target}\r\n${status}`;
  });
  t.deepEqual(lines, [
    '/up?q\\x0D\\x0A200',
    'format: Error: oops (403 GET /own HTTP/1.1)',
    '\\x0D\\x0A400',
  ]);
});

worldTest('lines are written many at once', async (t, world) => {
  const writes: string[] = [];
  const accessLog = { write: (lines: string) => writes.push(lines), wallMs: () => TIME_MS };
  await world.listen(defineProxy({ requestFilter: () => reply(200) }), { accessLog });
  const client = await world.client();
  client.write(request('GET', '/').repeat(100));
  for (let i = 0; i < 100; i += 1) await client.response();
  client.leave();
  await world.running.close();
  t.is(writes.join('').trimEnd().split('\n').length, 100, 'a line for each');
  t.true(writes.length < 50, `${writes.length} writes`);
});

test('an unknown variable is refused before anything is logged', (t) => {
  t.throws(() => lineOf('$status $nonsense'), { message: /'\$nonsense'/ });
});
