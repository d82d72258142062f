import { proactorFrom } from '../../src/core/bridge/proactor-from-reactor.ts';
import { reactorFrom } from '../../src/core/bridge/reactor-from-proactor.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { ReactorPort } from '../../src/core/reactor.ts';
import { type Fixture, wrapped } from './fixture.ts';

/** A proactor bridged both ways: law 14 says that nobody can tell it from the port itself. */
export function bridgedTwice(fixture: Fixture<ProactorPort>): Fixture<ProactorPort> {
  const name = `proactorFrom(reactorFrom(${fixture.name}))`;
  return wrapped(fixture, name, (port) => proactorFrom(reactorFrom(port)));
}

/** A reactor with the proactor's face. */
export function asProactor(fixture: Fixture<ReactorPort>): Fixture<ProactorPort> {
  return wrapped(fixture, `proactorFrom(${fixture.name})`, proactorFrom);
}

/** A proactor with the reactor's face. */
export function asReactor(fixture: Fixture<ProactorPort>): Fixture<ReactorPort> {
  return wrapped(fixture, `reactorFrom(${fixture.name})`, reactorFrom);
}
