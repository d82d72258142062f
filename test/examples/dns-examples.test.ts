import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { nodePort } from '../../adapters/node/index.ts';
import { ZoneServer } from '../support/zone-server.ts';

const ANY = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;

async function zone(t: ExecutionContext): Promise<ZoneServer> {
  const port = nodePort();
  const server = await ZoneServer.open(port, ANY);
  t.teardown(async () => {
    await server.close();
    await new Promise<void>((resolve) => port.close(resolve));
  });
  return server;
}

function start(t: ExecutionContext, name: string, ...args: string[]): ChildProcess {
  t.timeout(30_000, 'the example has not ended');
  const path = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = spawn(process.execPath, [path, ...args], { stdio: [...stdio] });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

/** What it prints, and how it ends. */
async function runToEnd(t: ExecutionContext, name: string, ...args: string[]) {
  const child = start(t, name, ...args);
  let output = '';
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code] = await once(child, 'close');
  return { output, errors, code };
}

test('dig prints records without colours into a pipe', async (t) => {
  const server = await zone(t);
  server.addresses('www.example.test', ['192.0.2.1', '192.0.2.2'], 60);
  const { output, errors, code } = await runToEnd(t, 'dig', `@${server.text}`, 'www.example.test');
  t.deepEqual(
    [output, errors, code],
    ['www.example.test 60 A 192.0.2.1\nwww.example.test 60 A 192.0.2.2\n', '', 0],
  );
});

test('dig says who was asked for a name that is not there', async (t) => {
  const server = await zone(t);
  const { output, errors, code } = await runToEnd(t, 'dig', `@${server.text}`, 'no.example.test');
  t.deepEqual([output, code], ['', 3]);
  t.regex(errors, /^queryA ENOTFOUND no\.example\.test/);
});

test('one resolver serves node:http, node:net and undici', async (t) => {
  const server = await zone(t);
  server.addresses('web.example.test', ['127.0.0.1'], 60);
  const http = createServer((_, response) => response.end('hello'));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => http.close());
  const url = `http://web.example.test:${(http.address() as AddressInfo).port}/`;
  const { output, errors, code } = await runToEnd(t, 'dns-lookup', url, server.text);
  t.is(errors, '');
  t.is(code, 0);
  t.regex(
    output,
    /^node:http 200 from 127\.0\.0\.1\nnode:net connected to 127\.0\.0\.1\nundici 200\n/,
  );
  t.is(server.count('web.example.test A'), 1, 'one query for all of them');
});

test('the watcher prints what comes and what goes', async (t) => {
  const server = await zone(t);
  server.addresses('app.example.test', ['192.0.2.1'], 1);
  const child = start(t, 'dns-watch', 'app.example.test', server.text);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const printed = lines[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await printed.next()).value ?? '';
  t.is(await next(), '+ 192.0.2.1');
  server.addresses('app.example.test', ['192.0.2.2'], 60);
  t.is(await next(), '+ 192.0.2.2');
  t.is(await next(), '- 192.0.2.1');
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  t.is(await next(), '0 sockets left');
  t.deepEqual(await exited, [0, null]);
});
