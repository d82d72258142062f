import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import { type AdapterName, openPort } from '../../../src/cli/open-port.ts';
import { connect, listen } from '../../../src/net/index.ts';

// When does a process with a port end by itself? Arguments: adapter, what the process has.
const [adapter = '', what] = process.argv.slice(2);
const port = openPort({ adapter: adapter as AdapterName });
if (isMainThread) process.on('exit', (code) => process.stdout.write(`exit ${code}\n`));

async function open(): Promise<void> {
  const listener = await listen(port, { family: 'ipv4', address: '127.0.0.1', port: 0 });
  if (what === 'alive') {
    const { port: number } = listener.endpoint;
    const program = `setTimeout(() => require('node:net').connect(${number}, '127.0.0.1').end('x'), 500)`;
    // Not this process's concern, so that its port alone keeps it alive.
    spawn(process.execPath, ['-e', program], { stdio: 'ignore' }).unref();
    const server = await listener.accept();
    await server.recvInto([Buffer.alloc(1)], { minBytes: 1 });
    process.stdout.write('heard\n');
    await server.close({ how: 'reset' });
    await listener.close();
    return;
  }
  const [client, server] = await Promise.all([connect(port, listener.endpoint), listener.accept()]);
  await Promise.all([
    client.close({ how: 'reset' }),
    server.close({ how: 'reset' }),
    listener.close(),
  ]);
}

/** Workers that end in the middle of their work, one after another. */
async function endWorkers(): Promise<void> {
  for (let i = 0; i < 5; i += 1) {
    await once(
      new Worker(fileURLToPath(import.meta.url), { argv: [adapter, 'in worker'] }),
      'exit',
    );
  }
}

if (what === 'in worker') {
  await listen(port, { family: 'ipv4', address: '127.0.0.1', port: 0 });
  process.exit();
}
if (what === 'worker') await endWorkers();
else if (what !== 'open') await open();
if (what === 'closed') port.close();
