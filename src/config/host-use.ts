import { nameIn } from '../server/conf/host-name.ts';
import type { Position } from './config-error.ts';
import type { Use } from './directive.ts';

/** A name that has to be known before anything starts. */
export type HostUse = {
  readonly name: string;
  /** What is wrong where it cannot be found. */
  readonly problem: string;
  readonly position: Position | undefined;
  /** It may be the name of a group instead: as `proxy_pass` has it, and in which block. */
  readonly group: { readonly name: string; readonly block: 'http' | 'stream' } | undefined;
};

/** Notes a server whose name is looked up at the start. `shown`: as messages have it. */
export function noteHost(use: Use, authority: string, shown: string = authority): void {
  const name = nameIn(authority);
  if (name === undefined) return;
  const problem = `host not found in ${shown}`;
  use.reader.hosts.push({ name, problem, position: use.position, group: undefined });
}

/** The same for `proxy_pass`, where a group may have that name. */
export function noteTarget(use: Use, authority: string, block: 'http' | 'stream'): void {
  const name = nameIn(authority);
  if (name === undefined) return;
  const problem = `host not found in upstream "${authority.replace(/:\d*$/, '')}"`;
  const group = { name: authority.toLowerCase(), block };
  use.reader.hosts.push({ name, problem, position: use.position, group });
}
