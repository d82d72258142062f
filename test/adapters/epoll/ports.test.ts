import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { epollPort, epollReactor } from '../../../adapters/epoll/index.ts';
import { proactorFrom } from '../../../src/core/bridge/proactor-from-reactor.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { timerOperation } from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { makeWatch } from '../../../src/core/reactor.ts';
import { connect, listen } from '../../../src/net/index.ts';
import { epollOn, plainClient, real, verifyNothingOpen } from './epoll-rule.ts';

const ANY: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 };

function closed(port: Pick<ProactorPort, 'close'>): Promise<void> {
  return new Promise((resolve) => port.close(resolve));
}

/** One byte there and back through a new connection of `port`. */
async function echo(port: ProactorPort): Promise<void> {
  const listener = await listen(port, ANY);
  const [client, server] = await Promise.all([connect(port, listener.endpoint), listener.accept()]);
  await client.send(Buffer.from('x'));
  await server.recvInto([Buffer.alloc(1)], { minBytes: 1 });
  await Promise.all([
    client.close({ how: 'reset' }),
    server.close({ how: 'reset' }),
    listener.close(),
  ]);
}

test.serial('1,000 ports opened and closed leave no descriptor', async (t) => {
  for (let i = 0; i < 1000; i += 1) {
    const port = proactorFrom(epollOn(() => ({})));
    if (i % 100 === 0) await echo(port);
    const end = closed(port);
    if (i % 2 === 0) await end;
  }
  await closed(epollPort());
  verifyNothingOpen(t);
});

test.serial(
  'a closed port takes no events of another whose descriptor has its number',
  async (t) => {
    const old = epollPort();
    await closed(old);
    const port = epollPort();
    const listener = await listen(port, ANY);
    const client = plainClient(listener.endpoint);
    const server = await listener.accept();
    for (let i = 0; i < 20; i += 1) {
      const heard = server.recv({ deadlineMs: port.loop.nowMs() + 2_000 });
      await setTimeout(2);
      // In one phase of Node's loop: the bytes come, and then the old port's loop makes a turn.
      setImmediate(() => client.say('x'));
      old.submit(timerOperation(() => {}));
      t.is((await heard)?.length, 1);
    }
    real.close(client.fd);
    await closed(port);
  },
);

test.serial('the watched descriptor is let go before it is closed', async (t) => {
  const order: string[] = [];
  const port = epollOn((real) => ({
    close(fd) {
      order.push(String(fd));
      return real.close(fd);
    },
    epollCreate() {
      const fd = real.epollCreate();
      order.push(`epoll ${fd}`);
      return fd;
    },
  }));
  await closed(port);
  await closed(port);
  const fd = order[0]?.split(' ')[1];
  t.is(order.filter((entry) => entry === fd).length, 1, 'closed once');
  t.is(order.at(-1), fd, 'and last');
});

test.serial('a wait that is made in the last turn of a visit is told', async (t) => {
  const port = epollReactor();
  let told = 0;
  let left = 1000;
  const watch = makeWatch('read', () => {
    told += 1;
    left -= 1;
    if (left > 0) port.wait(watch);
  });
  // Nobody is there any more: each wait is told on the next turn, and no event ever comes.
  watch.socket = 12_345;
  port.wait(watch);
  const endMs = performance.now() + 5_000;
  while (left > 0 && performance.now() < endMs) await new Promise(setImmediate);
  t.is(told, 1000);
  await closed(port);
});

test.serial('an exception that the host passes on does not stop the port', async (t) => {
  const failures: unknown[] = [];
  const port = epollPort({
    uncaught: (error) => {
      failures.push(error);
    },
  });
  port.loop.post(() => {
    throw new Error('mine');
  });
  await echo(port);
  t.is(failures.length, 1);
  await closed(port);
});

const PROGRAM = fileURLToPath(new URL('./exit-program.js', import.meta.url));

for (const [what, says] of Object.entries({
  closed: 'a process ends by itself once its port is closed',
  open: 'an open port without sockets does not keep the process alive',
  gone: 'a port whose sockets are closed does not keep the process alive',
})) {
  test(says, async (t) => {
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, what], {
      timeout: 10_000,
    });
    t.is(stdout, 'exit 0\n');
  });
}

test('an open connection keeps the process alive', async (t) => {
  const child = promisify(execFile)(process.execPath, [PROGRAM, 'alive'], { timeout: 10_000 });
  const { stdout } = await child;
  t.is(stdout, 'heard\nexit 0\n', 'what comes after half a second is still heard');
});

test('a worker that ends with an open port does not end the process', async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, 'worker'], {
    timeout: 10_000,
  });
  t.is(stdout, 'exit 0\n');
});
