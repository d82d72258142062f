import { formatIp, parseIp } from '../../net/ip.ts';

/** An address that somebody wrote: its bytes, and the one text that we use for it. */
export type IpText = {
  readonly family: 'ipv4' | 'ipv6';
  readonly bytes: Uint8Array;
  /** As RFC 5952 says, with `%zone` where there was one. */
  readonly address: string;
};

/**
 * A zone's name or number (RFC 4007 §11). Linux allows any visible character but `/` in the name of
 * an interface; what would end a server's or an endpoint's text is left out.
 */
const ZONE = /^[!-~]{1,64}$/;
const NOT_IN_ZONE = /[%/[\]#;,]/;

/** Reads an address of either family, IPv6 with or without `%zone`; `undefined`: it is none. */
export function ipOf(text: string): IpText | undefined {
  const percent = text.indexOf('%');
  const host = percent < 0 ? text : text.slice(0, percent);
  const bytes = parseIp(host);
  if (typeof bytes !== 'object') return undefined;
  const family = bytes.length === 4 ? 'ipv4' : 'ipv6';
  if (percent < 0) return { family, bytes, address: formatIp(bytes) };
  const zone = text.slice(percent + 1);
  if (family === 'ipv4' || !ZONE.test(zone) || NOT_IN_ZONE.test(zone)) return undefined;
  return { family, bytes, address: `${formatIp(bytes)}%${zone}` };
}

/** The four bytes inside `::ffff:0:0/96` (RFC 4291 §2.5.5.2); others as they are. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  return isMapped(bytes) ? bytes.subarray(12) : bytes;
}

/** An IPv4 address in IPv6's clothes. */
export function isMapped(bytes: Uint8Array): boolean {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return false;
  for (let i = 0; i < 10; i += 1) if (bytes[i] !== 0) return false;
  return true;
}
