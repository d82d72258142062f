import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const ENTRY = fileURLToPath(new URL('../../src/cli/proxy.js', import.meta.url));

/** A proxy whose handler throws, and a client that asks it once. */
const PROGRAM = `
  const { defineProxy } = await import(${JSON.stringify(ENTRY)});
  const requestFilter = () => { throw new Error('the handler of this test'); };
  const running = await defineProxy({ requestFilter }).listen({ port: 0, host: '127.0.0.1' });
  const answer = await fetch('http://127.0.0.1:' + running.address.port);
  console.log(answer.status);
  await running.close({ drainMs: 100 });
`;

test('what a handler throws is printed where nobody else is told, and the client has 500', async (t) => {
  const arguments_ = ['--input-type=module', '--eval', PROGRAM];
  const options = { timeout: 20_000 };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, arguments_, options);
  t.is(stdout, '500\n');
  t.regex(stderr, /^a handler has failed: Error: the handler of this test\n/);
});
