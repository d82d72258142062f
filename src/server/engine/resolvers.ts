import type { ProactorPort } from '../../core/proactor.ts';
import type { Random } from '../../core/random.ts';
import { Resolver } from '../../dns/index.ts';
import type { ResolverConf } from '../conf/core-conf.ts';
import { type Hosts, hostAddresses } from './hosts.ts';

/** What resolvers need of what a site runs in. */
export type ResolverWorld = {
  readonly port: ProactorPort;
  readonly random: Random;
  readonly hosts?: Hosts | undefined;
};

const DNS_PORT = 53;
/** To one server for one answer: with growing waits between them, 30 s are over before the last. */
const QUESTIONS_MAX = 10;

/**
 * The resolvers of a site: one for each `resolver` line, with what it has been told. Places that
 * wait differently long share it as long as they say so with each question.
 */
export class Resolvers {
  readonly #world: ResolverWorld;
  readonly #known = new Map<ResolverConf, Map<number, Resolver>>();

  constructor(world: ResolverWorld) {
    this.#world = world;
  }

  /** `timeoutMs`: how long it asks on its own. `undefined`: there is nobody to ask. */
  of(conf: ResolverConf | undefined, timeoutMs: number): Resolver | undefined {
    if (conf === undefined || conf.servers.length === 0) return undefined;
    const known = this.#known.get(conf) ?? new Map<number, Resolver>();
    this.#known.set(conf, known);
    let resolver = known.get(timeoutMs);
    if (resolver === undefined) {
      resolver = this.#make(conf, timeoutMs);
      known.set(timeoutMs, resolver);
    }
    return resolver;
  }

  /** Who still waits for an answer is told that there is none. */
  close(): void {
    for (const resolvers of this.#known.values()) {
      // Nothing is left to be done when it ends: its sockets are the port's, which may end before.
      for (const resolver of resolvers.values()) void resolver[Symbol.asyncDispose]();
    }
    this.#known.clear();
  }

  #make({ servers, valid, ipv4, ipv6 }: ResolverConf, timeoutMs: number): Resolver {
    const { port, random, hosts } = this.#world;
    const families = [...(ipv4 ? ([4] as const) : []), ...(ipv6 ? ([6] as const) : [])];
    const options = {
      servers: servers.flatMap((server) => hostAddresses(server, hosts, DNS_PORT, 'resolver')),
      families,
      timeoutMs: Math.max(1, timeoutMs),
      // Small name servers within a site compare letters, and nothing has ever mixed them there.
      case0x20: 'off' as const,
      // Nobody is given up before `resolver_timeout`.
      attempt: { perServer: QUESTIONS_MAX },
      ...(valid !== undefined && { valid }),
    };
    return new Resolver(port, options, { random });
  }
}
