import test from 'ava';
import { IMPLEMENTATIONS, World } from './world.ts';

/** What both proxies are seen to do. */
export type Rule = {
  readonly title: string;
  readonly run: (world: World) => Promise<unknown>;
  readonly expected: unknown;
};

/** Rules are bounded in time: each of them waits for something. */
const RULE_MS_MAX = 15_000;

/** A test of each rule for ours and for http-proxy: what is expected of both is the same. */
export function declareRules(rules: readonly Rule[]): void {
  for (const rule of rules) {
    for (const [name, create] of IMPLEMENTATIONS) {
      test(`${rule.title} (${name})`, async (t) => {
        t.timeout(RULE_MS_MAX);
        t.deepEqual(await rule.run(new World(t, create)), rule.expected);
      });
    }
  }
}
