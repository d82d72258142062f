import { formatIp, parseIp } from '../../net/ip.ts';
import type { AddressSet } from './address-table.ts';
import type { IpKey } from './ip-key.ts';

/** An address that a proxy has told, and the port where it has told that, too. */
export type ForwardedAddress = { readonly address: string; readonly port: number };

/**
 * The client of a request that came through proxies which append to a field whom they speak for.
 * `key`: who has connected; it is changed. `values`: those of the field, in their order. Without
 * `recursive` the last address is taken, otherwise the last one that is not trusted itself.
 * `undefined`: who has connected is not trusted, or the field says nothing that can be read.
 */
export function forwardedAddress(
  key: IpKey,
  values: readonly string[],
  trusted: AddressSet,
  recursive: boolean,
): ForwardedAddress | undefined {
  let found: ForwardedAddress | undefined;
  for (let index = values.length - 1; index >= 0; index -= 1) {
    const value = values[index] as string;
    for (let end = value.length; ; ) {
      if (!trusted.has(key)) return found;
      while (end > 1 && isSeparator(value, end - 1)) end -= 1;
      let start = end;
      while (start > 0 && !isSeparator(value, start - 1)) start -= 1;
      const address = parseForwarded(value.slice(start, end));
      if (address === undefined) return found;
      found = address;
      key.read(address.address);
      end = start - 1;
      if (!recursive) return found;
      if (end <= 0) break;
    }
  }
  return found;
}

function isSeparator(text: string, at: number): boolean {
  return text[at] === ',' || text[at] === ' ';
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. */
function parseForwarded(text: string): ForwardedAddress | undefined {
  const bare = parseIp(text);
  if (typeof bare === 'object') return { address: formatIp(bare), port: 0 };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const written = match?.[1] ?? match?.[2];
  const bytes = written === undefined ? 0 : parseIp(written);
  if (typeof bytes === 'number') return undefined;
  // Only IPv6 stands in brackets.
  if ((match?.[1] !== undefined) !== (bytes.length === 16)) return undefined;
  const port = Number(match?.[3] ?? 0);
  if (port > 65_535 || (match?.[3] !== undefined && port === 0)) return undefined;
  return { address: formatIp(bytes), port };
}
