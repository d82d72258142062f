import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

// Does a process outlive its workers that have a port? Arguments: adapter, how the workers end. The
// main thread has no port, and has not even loaded what one needs: the workers unload it.
const WORKERS = 3;
const [adapter = '', how] = process.argv.slice(2);

async function endWorkers(): Promise<void> {
  for (let i = 0; i < WORKERS; i += 1) {
    const worker = new Worker(fileURLToPath(import.meta.url), { argv: [adapter, how] });
    const ended = once(worker, 'exit');
    await once(worker, 'message');
    if (how === 'terminated') await worker.terminate();
    await ended;
  }
  process.stdout.write('alive\n');
}

async function listenAndEnd(): Promise<void> {
  const { openPort } = await import('../../../src/cli/open-port.ts');
  const { listen } = await import('../../../src/net/index.ts');
  const port = openPort({ adapter: adapter as 'auto' });
  await listen(port, { family: 'ipv4', address: '127.0.0.1', port: 0 });
  parentPort?.postMessage('listening');
  if (how === 'exits') setImmediate(() => process.exit());
}

await (isMainThread ? endWorkers() : listenAndEnd());
