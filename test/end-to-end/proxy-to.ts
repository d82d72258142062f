import { defineProxy } from '../../src/proxy/framework/index.ts';
import type { Options, World } from '../proxy/framework/world.ts';
import { MIB } from './node-upstream.ts';

/** More than any of these tests sends. */
export const LIMITS: { readonly bodyBytes: number } = { bodyBytes: 64 * MIB };

/** A proxy before one server, for every target, `*` included; says where it listens. */
export async function proxyTo(world: World, url: string, options: Options = {}): Promise<string> {
  const proxy = defineProxy({ upstreamPeer: () => url });
  const { address } = await world.listen(proxy, { limits: LIMITS, ...options });
  return `http://127.0.0.1:${address.port}`;
}
