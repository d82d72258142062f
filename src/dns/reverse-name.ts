import { ipOf } from './system/ip-text.ts';

/**
 * The name below which an address's names stand: `4.3.2.1.in-addr.arpa` (RFC 1035 §3.5), or 32
 * digits below `ip6.arpa` (RFC 3596 §2.5). `undefined`: it is no address. A zone does not count.
 */
export function reverseName(address: string): string | undefined {
  const ip = ipOf(address);
  if (ip === undefined) return undefined;
  const labels: string[] = [];
  for (const byte of ip.bytes) {
    if (ip.family === 'ipv4') labels.unshift(String(byte));
    else labels.unshift((byte & 0x0f).toString(16), (byte >> 4).toString(16));
  }
  return `${labels.join('.')}.${ip.family === 'ipv4' ? 'in-addr' : 'ip6'}.arpa`;
}
