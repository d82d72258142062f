import { type UpstreamOptions, upstreamConfig } from '../upstream/index.ts';
import type { UpstreamConfig } from '../upstream/upstream-config.ts';
import type { Upstream } from './peers.ts';
import type { SessionBase } from './session-base.ts';

/** How the `hash` method of a group gets its key. */
export type HashOf = (session: SessionBase) => string;

/** A group as data: what runs is made by the proxy that uses it. */
class Group implements Upstream {
  readonly name: string;
  readonly config: UpstreamConfig;
  readonly hashOf: HashOf | undefined;

  constructor(name: string, config: UpstreamConfig, hashOf: HashOf | undefined) {
    this.name = name;
    this.config = config;
    this.hashOf = hashOf;
  }
}

/** The options of a group; a hash needs its key. */
export type UpstreamGroupOptions = Omit<UpstreamOptions, 'balance'> & {
  readonly balance?:
    | Exclude<NonNullable<UpstreamOptions['balance']>, { readonly hash: unknown }>
    | { readonly hash: HashOf; readonly consistent?: boolean };
};

/** A group of servers by name. Throws `TypeError` that says what is wrong with the options. */
export function upstream(name: string, options: UpstreamGroupOptions): Upstream {
  const { balance } = options;
  const hashOf = typeof balance === 'object' && 'hash' in balance ? balance.hash : undefined;
  const config = upstreamConfig(name, options);
  refuseUnbuilt(config);
  return new Group(name, config, hashOf);
}

/** What would be accepted and then not be done is refused: above all plain text to a TLS port. */
function refuseUnbuilt({ name, servers, destination }: UpstreamConfig): void {
  const not = (what: string): TypeError =>
    new TypeError(`upstream "${name}": ${what} not there yet`);
  const secure = servers.find(({ scheme }) => scheme === 'https');
  if (secure !== undefined) throw not(`TLS to servers ('https://${secure.name}') is`);
  for (const option of Object.keys(destination)) {
    if (!BUILT.has(option)) throw not(`destination.${option} is`);
  }
}

/** Of a destination. */
const BUILT: ReadonlySet<string> = new Set(['localAddress', 'poolKey']);

/** What a handle stands for. */
export function groupOf(handle: Upstream): Pick<Group, 'config' | 'hashOf'> {
  if (handle instanceof Group) return handle;
  throw new TypeError(`'${handle.name}' was not made by upstream()`);
}
