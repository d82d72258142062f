import type { Clock } from '../core/clock.ts';
import type { AddressSet } from './address-set.ts';
import { DnsError } from './dns-error.ts';
import { type LookupOptions, type LookupWish, lookupWish } from './lookup-call.ts';
import { shownName } from './name-plans.ts';
import { type DnsPlatform, LINUX_HINTS, type LookupHints } from './platform.ts';
import type { Family } from './special-names.ts';
import { ipOf } from './system/ip-text.ts';

export type LookupAddress = { address: string; family: number };

/** Gets an error, or one address and its family, or with `all` the addresses. */
export type LookupCallback = (
  error: DnsError | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** In the shape of Node's `dns.lookup`, for whatever takes one. */
export type LookupFunction = {
  (hostname: string, options: LookupOptions | number, callback: LookupCallback): void;
  (hostname: string, callback: LookupCallback): void;
};

export type LookupParts = {
  readonly clock: Clock;
  /** What is known now. */
  readonly peek: (name: string, family: 0 | Family) => AddressSet | undefined;
  readonly addresses: (name: string, family: 0 | Family) => Promise<AddressSet>;
  readonly platform: DnsPlatform;
};

/** How long the families of this machine's addresses are remembered. */
const OWN_MS = 10_000;

/** Makes the function. Its callback runs once, never inside the call, as one of the caller's own. */
export function lookupOver(parts: LookupParts): LookupFunction {
  const hints: LookupHints = parts.platform.hints ?? LINUX_HINTS;
  const own = new OwnFamilies(parts);

  return (
    hostname: string,
    options: LookupOptions | number | LookupCallback | undefined,
    last?: LookupCallback,
  ): void => {
    const callback = typeof options === 'function' ? options : last;
    if (typeof callback !== 'function') throw new TypeError('lookup: a callback is missing');
    const wish = lookupWish(typeof options === 'function' ? undefined : options, hints);
    const name = hostname ?? '';
    if (typeof name !== 'string') throw new TypeError('lookup: a hostname is a string');
    // All of it, where IPv4 addresses may take the place of those of IPv6.
    const family = wish.mapped === 'no' ? wish.family : 0;
    const known = parts.peek(name, family);
    // A microtask of its own: what the caller's context is stays so in the callback.
    if (known !== undefined) queueMicrotask(() => give(known, wish, own, callback));
    else if (ipOf(name) !== undefined) queueMicrotask(() => giveLiteral(name, wish, callback));
    else {
      parts.addresses(name, family).then(
        (set) => queueMicrotask(() => give(set, wish, own, callback)),
        (error: DnsError) => queueMicrotask(() => fail(asNode(error), callback)),
      );
    }
  };
}

function give(set: AddressSet, wish: LookupWish, own: OwnFamilies, callback: LookupCallback): void {
  const all = chosen(set, wish, own);
  const [first] = all;
  if (first === undefined) {
    const why = 'no address of a family that was asked for';
    fail(new DnsError('ENOTFOUND', shownName(set.name), { why }), callback);
  } else if (wish.all) {
    callback(
      null,
      all.map(({ address, family }) => ({ address, family })),
    );
  } else {
    callback(null, first.address, first.family);
  }
}

/** Whatever family was asked for, as Node does: who writes an address means it. */
function giveLiteral(address: string, { all }: LookupWish, callback: LookupCallback): void {
  const family = address.includes(':') ? 6 : 4;
  if (all) callback(null, [{ address, family }]);
  else callback(null, address, family);
}

function fail(error: DnsError, callback: LookupCallback): void {
  (callback as (error: DnsError) => void)(error);
}

/** getaddrinfo(3) knows no difference between no such name and no address of it. */
function asNode(error: DnsError): DnsError {
  if (error.code !== 'ENODATA') return error;
  const { hostname, server, attempts } = error;
  return new DnsError('ENOTFOUND', hostname, { server, attempts, cause: error, why: 'no address' });
}

type Plain = { readonly address: string; readonly family: number };

/** The addresses that were asked for, in the order that was asked for. */
function chosen(set: AddressSet, wish: LookupWish, own: OwnFamilies): readonly Plain[] {
  let { addresses }: { addresses: readonly Plain[] } = set;
  if (wish.ownFamilies && set.source !== 'literal') {
    const only = own.only();
    if (only !== 0) addresses = addresses.filter(({ family }) => family === only);
  }
  if (wish.mapped !== 'no') addresses = mapped(addresses, wish.mapped === 'also');
  if (wish.order === 'verbatim') return addresses;
  const first = wish.order === 'ipv4first' ? 4 : 6;
  return [
    ...addresses.filter(({ family }) => family === first),
    ...addresses.filter(({ family }) => family !== first),
  ];
}

function mapped(addresses: readonly Plain[], also: boolean): readonly Plain[] {
  const ipv6 = addresses.filter(({ family }) => family === 6);
  if (ipv6.length > 0 && !also) return ipv6;
  const ipv4 = addresses.filter(({ family }) => family === 4);
  return [...ipv6, ...ipv4.map(({ address }) => ({ address: `::ffff:${address}`, family: 6 }))];
}

/** Of which family this machine has addresses, other than those of the loopback. */
class OwnFamilies {
  readonly #parts: LookupParts;
  #only: 0 | Family = 0;
  #freshUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: LookupParts) {
    this.#parts = parts;
  }

  /** 4 or 6 where the machine has no other; 0: both, none, or nobody knows. */
  only(): 0 | Family {
    const nowMs = this.#parts.clock.nowMs();
    if (nowMs < this.#freshUntilMs) return this.#only;
    this.#freshUntilMs = nowMs + OWN_MS;
    const own = this.#parts.platform.ownAddresses?.() ?? [];
    const has6 = own.some((address) => address.includes(':'));
    const has4 = own.some((address) => !address.includes(':'));
    this.#only = has4 === has6 ? 0 : has4 ? 4 : 6;
    return this.#only;
  }
}
