import type { LookupHints } from './platform.ts';
import type { Family } from './special-names.ts';

/** What `lookup` may be told: the options of Node's own. */
export type LookupOptions = {
  readonly family?: number | 'IPv4' | 'IPv6' | undefined;
  readonly hints?: number | undefined;
  readonly all?: boolean | undefined;
  readonly order?: 'ipv4first' | 'ipv6first' | 'verbatim' | undefined;
  /** As `order`: false is `ipv4first`. */
  readonly verbatim?: boolean | undefined;
};

/** The same, read. */
export type LookupWish = {
  readonly family: 0 | Family;
  readonly all: boolean;
  readonly order: 'ipv4first' | 'ipv6first' | 'verbatim';
  /** Only families of which this machine has an address. */
  readonly ownFamilies: boolean;
  /** Gives IPv4 addresses as `::ffff:a.b.c.d` where there are none of IPv6, or also where there are. */
  readonly mapped: 'no' | 'instead' | 'also';
};

const PLAIN: LookupWish = {
  family: 0,
  all: false,
  order: 'verbatim',
  ownFamilies: false,
  mapped: 'no',
};
const PLAIN_ALL: LookupWish = { ...PLAIN, all: true };
/** What net asks for where it is not told. */
const OWN: LookupWish = { ...PLAIN, ownFamilies: true };
const OWN_ALL: LookupWish = { ...OWN, all: true };

/** Reads what a caller of `lookup` has given. What makes no sense is a `TypeError`, as Node's. */
export function lookupWish(
  options: LookupOptions | number | undefined | null,
  numbers: LookupHints,
): LookupWish {
  if (options === undefined || options === null) return PLAIN;
  if (typeof options === 'number') return { ...PLAIN, family: familyOf(options) };
  const { family, hints = 0, all = false, order, verbatim } = options;
  // What nearly every caller asks for costs no object.
  const isPlain = (family === undefined || family === 0) && order === undefined;
  if (isPlain && verbatim === undefined) {
    if (hints === 0) return all ? PLAIN_ALL : PLAIN;
    if (hints === numbers.ADDRCONFIG) return all ? OWN_ALL : OWN;
  }
  const unknown = hints & ~(numbers.ADDRCONFIG | numbers.V4MAPPED | numbers.ALL);
  if (unknown !== 0) throw new TypeError(`hints: ${unknown} is none of them`);
  const wanted = familyOf(family);
  const mapped = wanted === 6 && (hints & numbers.V4MAPPED) !== 0;
  const also = (hints & numbers.ALL) !== 0;
  return {
    family: wanted,
    all,
    order: orderOf(order, verbatim),
    ownFamilies: (hints & numbers.ADDRCONFIG) !== 0,
    mapped: mapped ? (also ? 'also' : 'instead') : 'no',
  };
}

function familyOf(family: LookupOptions['family']): 0 | Family {
  switch (family) {
    case undefined:
    case 0:
      return 0;
    case 4:
    case 'IPv4':
      return 4;
    case 6:
    case 'IPv6':
      return 6;
    default:
      throw new TypeError(`family: 0, 4 or 6, not ${String(family)}`);
  }
}

function orderOf(
  order: LookupOptions['order'],
  verbatim: boolean | undefined,
): LookupWish['order'] {
  switch (order) {
    case undefined:
      return verbatim === false ? 'ipv4first' : 'verbatim';
    case 'ipv4first':
    case 'ipv6first':
    case 'verbatim':
      return order;
    default:
      throw new TypeError(`order: verbatim, ipv4first or ipv6first, not ${String(order)}`);
  }
}
