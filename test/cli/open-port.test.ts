import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { nodePort } from '../../adapters/node/index.ts';
import { type Openers, type OpenPortOptions, openPort } from '../../src/cli/open-port.ts';
import { whyNoEpoll } from '../support/real-ports.ts';

const epollTest = whyNoEpoll === undefined ? test : test.skip;

const MISSING = "the epoll adapter needs the package koffi: 'npm install koffi'";

/** A system where there is nothing but Node. */
const NODE_ALONE: Openers = {
  node: nodePort,
  epoll: () => {
    throw new Error(MISSING);
  },
  'io-uring': () => {
    throw new Error('io_uring is not allowed here');
  },
};

test('an adapter that cannot be had is an error that says what to install', (t) => {
  t.throws(() => openPort({ adapter: 'epoll' }, NODE_ALONE), { message: /npm install koffi/ });
  t.throws(() => openPort({ adapter: 'io-uring' }, NODE_ALONE), { message: /not allowed/ });
});

test('auto falls back to node where there is nothing else, and says so once', (t) => {
  const reasons: string[] = [];
  const onFallback = (reason: string): void => {
    reasons.push(reason);
  };
  for (let i = 0; i < 3; i += 1) {
    const port = openPort({ adapter: 'auto', onFallback }, NODE_ALONE);
    t.is(port.name, 'node');
    port.close();
  }
  t.deepEqual(reasons, [`${MISSING}; using the node adapter instead`]);
});

test('auto falls back without being listened to', (t) => {
  const port = openPort({}, NODE_ALONE);
  t.is(port.name, 'node');
  port.close();
});

epollTest('auto prefers epoll, and says nothing', (t) => {
  const port = openPort({ onFallback: (reason) => t.fail(reason) });
  t.is(port.name, 'proactorFrom(epoll)');
  port.close();
});

test('node is node, wherever it runs', (t) => {
  const port = openPort({ adapter: 'node' });
  t.is(port.name, 'node');
  port.close();
});

test('a name of no adapter is an error that names the adapters', (t) => {
  const options = { adapter: 'iocp' } as unknown as OpenPortOptions;
  t.throws(() => openPort(options), { message: /'iocp': auto, node, epoll, io-uring/ });
});

test('what callbacks throw reaches the port’s owner', async (t) => {
  const uncaught: unknown[] = [];
  const port = openPort({ uncaught: (error) => uncaught.push(error) });
  port.loop.post(() => {
    throw new Error('mine');
  });
  await new Promise<void>((resolve) => port.close(resolve));
  t.is(uncaught.length, 1);
});

const DIST = fileURLToPath(new URL('../..', import.meta.url));

test('without koffi the package loads, auto is node, and epoll says what to install', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bare-'));
  try {
    // Where no parent folder has node_modules.
    for (const name of ['src', 'adapters']) {
      cpSync(join(DIST, name), join(folder, 'dist', name), { recursive: true });
    }
    cpSync(join(DIST, '../package.json'), join(folder, 'package.json'));
    const url = pathToFileURL(join(folder, 'dist/src/cli/index.js'));
    const program = `
      const { openPort } = await import('${url}');
      const port = openPort({ onFallback: (reason) => console.log(reason) });
      console.log(port.name);
      port.close();
      for (const adapter of ['epoll', 'io-uring']) {
        try { openPort({ adapter }) } catch (error) { console.log(error.message) }
      }
    `;
    const args = ['--input-type=module', '-e', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
    const [reason, name, ...errors] = stdout.trim().split('\n');
    t.is(name, 'node');
    t.is(errors.length, 2);
    const wanted = process.platform === 'linux' ? /npm install koffi/ : /needs Linux/;
    for (const text of [reason, ...errors]) t.regex(text ?? '', wanted);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
