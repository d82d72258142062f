import test from 'ava';
import { wrapped } from './fixture.ts';
import { Mutant } from './mutant.ts';
import { MUTATIONS } from './mutants.ts';
import { OUTBOX_MUTATIONS } from './outbox-mutants.ts';
import { outboxRules } from './outboxes.ts';
import { REACTOR_MUTATIONS, ReactorMutant } from './reactor-mutants.ts';
import { REACTOR_GROUPS } from './reactor-rules.ts';
import { runReactorRule } from './reactor-run.ts';
import { GROUPS } from './rules.ts';
import { runRule } from './run.ts';
import { simFixture, simReactorFixture } from './sim-fixture.ts';

for (const [fault, { law, group, change }] of Object.entries(MUTATIONS)) {
  test.serial(`law ${law}: a port that ${fault} is caught by the ${group} rules`, async (t) => {
    const mutant = wrapped(simFixture, fault, (port) => new Mutant(port, fault, change(port)));
    for (const [title, rule] of Object.entries(GROUPS[group] ?? {})) {
      const { failures } = await runRule(mutant, rule);
      if (failures.length === 0) continue;
      t.log(`caught by: ${title}`);
      t.pass();
      return;
    }
    t.fail('no rule noticed');
  });
}

for (const [fault, outbox] of Object.entries(OUTBOX_MUTATIONS)) {
  test.serial(`law 10: an outbox that ${fault} is caught`, async (t) => {
    const create = async () => ({ ...(await simFixture.create()), outbox });
    for (const [title, rule] of Object.entries(outboxRules)) {
      const { failures } = await runRule({ name: fault, create }, rule);
      if (failures.length === 0) continue;
      t.log(`caught by: ${title}`);
      t.pass();
      return;
    }
    t.fail('no rule noticed');
  });
}

for (const [fault, { law, change }] of Object.entries(REACTOR_MUTATIONS)) {
  test.serial(`law ${law}: a reactor that ${fault} is caught`, async (t) => {
    const mutant = wrapped(
      simReactorFixture,
      fault,
      (port) => new ReactorMutant(port, fault, change(port)),
    );
    for (const rules of Object.values(REACTOR_GROUPS)) {
      for (const [title, rule] of Object.entries(rules)) {
        const failures = await runReactorRule(mutant, rule);
        if (failures.length === 0) continue;
        t.log(`caught by: ${title}`);
        t.pass();
        return;
      }
    }
    t.fail('no rule noticed');
  });
}

test.serial('a port behind a mutant that changes nothing keeps every rule', async (t) => {
  const same = wrapped(simFixture, 'same', (port) => new Mutant(port, 'same', {}));
  for (const [group, rules] of Object.entries(GROUPS)) {
    for (const [title, rule] of Object.entries(rules)) {
      t.deepEqual((await runRule(same, rule)).failures, [], `${group}: ${title}`);
    }
  }
});

test.serial('a reactor behind a mutant that changes nothing keeps every rule', async (t) => {
  const same = wrapped(simReactorFixture, 'same', (port) => new ReactorMutant(port, 'same', {}));
  for (const rules of Object.values(REACTOR_GROUPS)) {
    for (const [title, rule] of Object.entries(rules)) {
      t.deepEqual(await runReactorRule(same, rule), [], title);
    }
  }
});
