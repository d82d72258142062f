import type { Random } from '../core/random.ts';
import type { SystemFiles } from './system/system-config.ts';

/** The flags of getaddrinfo(3) as this system numbers them: `hints` of a `lookup`. */
export type LookupHints = {
  readonly ADDRCONFIG: number;
  readonly V4MAPPED: number;
  readonly ALL: number;
};

/** What a resolver takes from the system besides the network. */
export type DnsPlatform = {
  /** Not to be predicted: what is drawn from it keeps strangers from answering. */
  readonly random: Random;
  /** Without them, nothing of this system is read. */
  readonly files?: SystemFiles | undefined;
  /** A name with letters of all languages as ASCII (RFC 5891); `''`: it has no such form. */
  readonly toAscii?: ((name: string) => string) | undefined;
  /** The addresses of this machine's interfaces, without those of the loopback. */
  readonly ownAddresses?: (() => readonly string[]) | undefined;
  readonly hints?: LookupHints | undefined;
};

/** Linux's. */
export const LINUX_HINTS: LookupHints = { ADDRCONFIG: 0x20, V4MAPPED: 0x08, ALL: 0x10 };

let platform: DnsPlatform | undefined;

/** Sets what resolvers without a platform of their own use: the published entry point does so. */
export function usePlatform(chosen: DnsPlatform): void {
  platform = chosen;
}

/** What was chosen; a `TypeError` where nobody has. */
export function defaultPlatform(): DnsPlatform {
  if (platform === undefined) throw new TypeError('a resolver needs a platform: import sluice/dns');
  return platform;
}
