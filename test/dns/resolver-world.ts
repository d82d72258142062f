import type { ExecutionContext } from 'ava';
import test from 'ava';
import { nodeRandom } from '../../adapters/node/index.ts';
import { SimProactor, SimRandom, SimWorld } from '../../adapters/sim/index.ts';
import { timerOperation } from '../../src/core/operations.ts';
import type { DnsPlatform, ResolverOptions, SystemFiles } from '../../src/dns/index.ts';
import { DnsError, Resolver } from '../../src/dns/index.ts';
import { closed, rule, type World } from '../net/worlds.ts';
import { ZoneServer } from '../support/zone-server.ts';

/** A world with a name server in it, and a resolver that asks it. */
export type DnsWorld = {
  readonly world: World;
  readonly server: ZoneServer;
  readonly resolver: Resolver;
  /** Another one, with options of its own. */
  make(options?: ResolverOptions, platform?: Partial<DnsPlatform>): Resolver;
  /** On the world's clock. */
  sleep(ms: number): Promise<void>;
  nowMs(): number;
};

type Body = (t: ExecutionContext, dns: DnsWorld) => Promise<void>;

/** Runs a rule over real parts, in every world; all resolvers are closed at its end. */
export function dnsRule(title: string, body: Body): void {
  rule(title, (t, world) => runIn(t, world, body));
}

/** The same on the virtual clock alone: where waiting is most of it. */
export function simRule(title: string, body: Body): void {
  test(`${title} (sim)`, async (t) => {
    const sim = new SimWorld({ seed: title });
    const port = new SimProactor(sim.local);
    const any = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
    const world: World = { name: 'sim', port, any, drive: (promise) => sim.drive(promise) };
    try {
      await sim.drive(runIn(t, world, body));
    } finally {
      await sim.drive(closed(port));
    }
    t.is(port.openSockets, 0, 'no socket is left');
    t.is(port.loop.pendingTimers, 0, 'no timer is left');
  });
}

async function runIn(t: ExecutionContext, world: World, body: Body): Promise<void> {
  const { port } = world;
  const server = await ZoneServer.open(port, world.any);
  const resolvers: Resolver[] = [];
  const random = world.name === 'sim' ? new SimRandom('dns') : nodeRandom();
  const make: DnsWorld['make'] = (options = {}, platform = {}) => {
    const all = { servers: [server.text], ...options };
    const resolver = new Resolver(port, all, { random, ...platform });
    resolvers.push(resolver);
    return resolver;
  };
  const nowMs = (): number => port.loop.nowMs();
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = timerOperation(() => resolve());
      timer.atMs = nowMs() + ms;
      port.submit(timer);
    });
  try {
    await body(t, { world, server, resolver: make(), make, sleep, nowMs });
  } finally {
    for (const resolver of resolvers) await resolver[Symbol.asyncDispose]();
    await server.close();
  }
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<DnsError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DnsError) return error;
  throw new TypeError(`not rejected with DnsError: ${String(error)}`);
}

/** A resolv.conf and a hosts file. */
export function files(texts: { resolvConf?: string; hosts?: string }): SystemFiles {
  const text = (path: string): string | undefined =>
    path === '/etc/hosts' ? texts.hosts : texts.resolvConf;
  return {
    read: text,
    stat: (path) => {
      const { length } = text(path) ?? '';
      return text(path) === undefined ? undefined : { mtimeMs: 0, size: length, inode: 1 };
    },
  };
}

/** The addresses of a set, in its order. */
export function texts(set: { addresses: readonly { address: string }[] } | undefined): string[] {
  return (set?.addresses ?? []).map(({ address }) => address);
}
