import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { epollPort, epollReactor } from '../../../adapters/epoll/index.ts';
import { proactorFrom } from '../../../src/core/bridge/proactor-from-reactor.ts';
import { timerOperation } from '../../../src/core/operations.ts';
import { makeWatch } from '../../../src/core/reactor.ts';
import { listen } from '../../../src/net/index.ts';
import { plainClient } from '../linux/plain-client.ts';
import { portRules } from '../linux/port-rules.ts';
import { ANY, closed, echo } from '../linux/port-talk.ts';
import { epollOn, epollRule, verifyNothingOpen } from './epoll-rule.ts';

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

for (const [title, rule] of Object.entries(portRules)) epollRule(title, rule);

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
    client.close();
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
