import type { SourceAddresses } from '../dns/system/source-addresses.ts';
import type { NameSource } from './name-source.ts';
import type { ResolvedAddress } from './upstream/index.ts';

/**
 * Marks the addresses to which this machine has no way, IPv6 ones where it has IPv4 alone, as long
 * as there are others (RFC 6724, rule 1). They are not left out: ways come and go.
 */
export function routedSource(source: NameSource, sources: SourceAddresses): NameSource {
  const routed = async (found: readonly ResolvedAddress[]) => {
    const addresses = found.map(({ endpoint }) => endpoint.address);
    await new Promise<void>((resolve) => {
      if (sources.ready(addresses, resolve)) resolve();
    });
    const unroutable = addresses.map((address) => sources.sourceOf(address) === null);
    if (!unroutable.includes(false)) return found;
    return found.map((one, index) => (unroutable[index] ? { ...one, unroutable: true } : one));
  };
  const look: NameSource['look'] = async () => {
    const { addresses, ttlMs } = await source.look();
    return { addresses: await routed(addresses), ttlMs };
  };
  const { follow } = source;
  if (follow === undefined) return { look };
  return {
    look,
    async *follow(signal) {
      for await (const event of follow(signal)) {
        yield event instanceof Error ? event : await routed(event);
      }
    },
  };
}
