import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

const children = new Set<ChildProcess>();
// An error that nobody caught ends a test without its teardown.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** An example that runs as a program of its own. */
type Running = {
  readonly port: number;
  /** The next line that it prints. */
  line(): Promise<string>;
  /** Presses Ctrl-C: it must stop by itself, with code 0 and nothing left. */
  stop(): Promise<void>;
};

async function run(t: ExecutionContext, name: string, ...args: string[]): Promise<Running> {
  t.timeout(20_000, 'the example has not ended');
  const path = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [path, '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  t.teardown(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const printed = lines[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await printed.next()).value ?? '';
  const [, port] = /^listening on 127\.0\.0\.1:(\d+)$/.exec(await line()) ?? [];
  t.truthy(port, `it says where it listens: ${errors}`);
  return {
    port: Number(port),
    line,
    async stop() {
      child.kill('SIGINT');
      t.deepEqual(await exited, [0, null]);
      t.is(await line(), '0 sockets left');
      t.regex(errors, /^(.*: reset \(.*\)\n)*$/, 'at most it says that a client has reset');
    },
  };
}

async function client(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

for (const name of ['echo-proactor', 'echo-reactor', 'echo-promises']) {
  test(`${name} returns every byte and then ends its side`, async (t) => {
    const example = await run(t, name);
    const sent = Buffer.alloc(3_000_000, 'the quick brown fox ');
    const socket = await client(example.port);
    socket.end(sent);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk);
    t.true(Buffer.concat(chunks).equals(sent));
    await example.stop();
  });

  test(`${name} stops while clients are connected`, async (t) => {
    const example = await run(t, name);
    const socket = await client(example.port);
    socket.write('x');
    t.is(String((await once(socket, 'data'))[0]), 'x');
    socket.on('error', () => {});
    const closed = new Promise((resolve) => {
      socket.once('close', resolve);
    });
    await example.stop();
    await closed;
  });

  test(`${name} outlives a client that resets its connection`, async (t) => {
    const example = await run(t, name);
    const rude = await client(example.port);
    rude.resetAndDestroy();
    const socket = await client(example.port);
    socket.end('x');
    t.is(String((await once(socket, 'data'))[0]), 'x');
    // What a reset may print on the way is no failure of the example.
    await t.notThrowsAsync(once(socket, 'end'));
    await example.stop();
  });
}

test('udp-peek returns datagrams, an empty one and a large one too', async (t) => {
  const example = await run(t, 'udp-peek');
  const socket = createSocket('udp4');
  for (const data of ['question', '', 'x'.repeat(9_000)]) {
    socket.send(data, example.port, '127.0.0.1');
    t.is(String((await once(socket, 'message'))[0]), data);
    t.regex(await example.line(), new RegExp(`^${data.length} bytes from 127.0.0.1:`));
  }
  socket.close();
  await example.stop();
});

test('tcp-relay carries an HTTP request to its target', async (t) => {
  const server = createServer((request, response) => {
    response.end(`you asked for ${request.url}`);
  });
  t.teardown(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const example = await run(t, 'tcp-relay', target);
  const [response] = await once(
    get({ port: example.port, path: '/one', agent: false }),
    'response',
  );
  t.is(String((await once(response, 'data'))[0]), 'you asked for /one');
  t.regex(await example.line(), /^\d+ bytes up, \d+ bytes down, ended$/);
  await example.stop();
});

test('tcp-relay stops in the middle of a transfer', async (t) => {
  const server = createServer((_request, response) => {
    response.write('x');
  });
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const example = await run(t, 'tcp-relay', target);
  const asked = get({ port: example.port, agent: false });
  const [response] = await once(asked, 'response');
  asked.on('error', () => {});
  response.on('error', () => {});
  await once(response, 'data');
  await example.stop();
});
