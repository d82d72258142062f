import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { portRules } from '../linux/port-rules.ts';
import { closed, echo } from '../linux/port-talk.ts';
import { uringOn, uringRule, verifyNothingLeft } from './uring-rule.ts';

test.serial('300 ports opened and closed leave no descriptor, ring or memory', async (t) => {
  for (let i = 0; i < 300; i += 1) {
    const port = uringOn();
    if (i % 50 === 0) await echo(port);
    const end = closed(port);
    if (i % 2 === 0) await end;
    else await setTimeout(0);
  }
  await closed(uringOn());
  verifyNothingLeft(t);
});

for (const [title, rule] of Object.entries(portRules)) uringRule(title, rule);

test.serial('an exception that the host passes on does not stop the port', async (t) => {
  const failures: unknown[] = [];
  const port = uringOn({}, (error) => failures.push(error));
  port.loop.post(() => {
    throw new Error('mine');
  });
  await echo(port);
  t.is(failures.length, 1);
  await closed(port);
  verifyNothingLeft(t);
});
