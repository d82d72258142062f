import type { Port } from '../../src/core/port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { Fixture, Site } from './fixture.ts';
import { Kit } from './kit.ts';

/** One promise of every port: throws, or leaves a breach, when it is broken. */
export type Rule = (kit: Kit) => Promise<void>;

/** Title → rule. Titles are sentences, and the same for every adapter. */
export type Rules = Readonly<Record<string, Rule>>;

/** What running one rule gave. */
export type Report = {
  /** Why the port does not keep the rule; empty when it does. */
  readonly failures: readonly string[];
  /** Every operation of the rule with its statuses, in the order of submission. */
  readonly trace: readonly string[];
};

/** Runs one rule on a new site, then closes the ports and looks at what is left. */
export async function runRule(fixture: Fixture<ProactorPort>, rule: Rule): Promise<Report> {
  const site = await fixture.create();
  const kit = new Kit(site);
  const failures: string[] = [];
  try {
    await rule(kit);
  } catch (error) {
    failures.push(messageOf(error));
  }
  const trace = kit.all.flatMap(({ port }) => port.trace());
  for (const { port } of kit.all) {
    try {
      port.close();
      await kit.until(() => port.closed, 'the end of close()');
    } catch (error) {
      failures.push(messageOf(error));
    }
    port.verifyEnd();
    failures.push(...port.breaches);
  }
  failures.push(...strays(site, kit.expectedUncaught));
  site.end();
  return { failures, trace };
}

/** Errors that reached the port from callbacks, unless the rule provoked that many. */
export function strays(site: Site<Port>, expected: number): string[] {
  if (site.uncaught.length === expected) return [];
  const messages = site.uncaught.map(messageOf).join('; ');
  return [`${site.uncaught.length} uncaught errors, not ${expected}: ${messages}`];
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.stack ?? error.message}` : String(error);
}
