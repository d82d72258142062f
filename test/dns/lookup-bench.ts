import test, { type ExecutionContext } from 'ava';
import { nodePort, nodeRandom } from '../../adapters/node/index.ts';
import { type LookupHints, Resolver, type ResolverOptions } from '../../src/dns/index.ts';
import { closed } from '../net/worlds.ts';
import { ZoneServer } from '../support/zone-server.ts';

export const HINTS: LookupHints = { ADDRCONFIG: 0x20, V4MAPPED: 0x08, ALL: 0x10 };

export type Bench = {
  readonly server: ZoneServer;
  readonly resolver: Resolver;
  make(options: ResolverOptions, own?: readonly string[]): Resolver;
};

/** A resolver on Node's network, with a name server that knows `www.test`. */
export function lookupTest(
  title: string,
  body: (t: ExecutionContext, bench: Bench) => Promise<void>,
): void {
  test(title, async (t) => {
    t.timeout(20_000);
    const port = nodePort();
    const any = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
    const server = await ZoneServer.open(port, any);
    const resolvers: Resolver[] = [];
    const make: Bench['make'] = (options, own = []) => {
      const platform = { random: nodeRandom(), hints: HINTS, ownAddresses: () => own };
      const resolver = new Resolver(port, { servers: [server.text], ...options }, platform);
      resolvers.push(resolver);
      return resolver;
    };
    server.addresses('www.test', ['127.0.0.1', '127.0.0.2', '::1']);
    server.addresses('four.test', ['127.0.0.1']);
    try {
      const resolver = make({});
      await warm(resolver);
      await body(t, { server, resolver, make });
    } finally {
      for (const resolver of resolvers) await resolver[Symbol.asyncDispose]();
      await server.close();
      await closed(port);
    }
  });
}

/** Both families are known then, so that a busy machine cannot make one of them late. */
export async function warm(resolver: Resolver): Promise<void> {
  for (const name of ['www.test', 'four.test']) {
    while ((await resolver.addresses(name)).partial !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
