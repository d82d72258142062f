import type { ReactorPort } from '../../src/core/reactor.ts';
import type { Fixture } from './fixture.ts';
import { ReactorKit } from './reactor-kit.ts';
import { messageOf, strays } from './run.ts';

/** One promise of every port with the reactor's face. */
export type ReactorRule = (kit: ReactorKit) => Promise<void>;

export type ReactorRules = Readonly<Record<string, ReactorRule>>;

/** Runs one rule on a new site and closes the port; returns why it is not kept. */
export async function runReactorRule(
  fixture: Fixture<ReactorPort>,
  rule: ReactorRule,
): Promise<readonly string[]> {
  const site = await fixture.create();
  const kit = new ReactorKit(site);
  const failures: string[] = [];
  try {
    await rule(kit);
  } catch (error) {
    failures.push(messageOf(error));
  }
  let closed = false;
  try {
    site.port.close(() => {
      closed = true;
    });
    await kit.until(() => closed, 'the end of close()');
  } catch (error) {
    failures.push(messageOf(error));
  }
  failures.push(...kit.breaches, ...strays(site, 0));
  if (site.port.openSockets !== 0) failures.push(`${site.port.openSockets} sockets are left open`);
  site.end();
  return failures;
}
