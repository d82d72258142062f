import { secondsLeft } from './address-book.ts';
import { DnsError } from './dns-error.ts';
import { shownName } from './name-plans.ts';
import type { Found, FoundRecords, RecordSource, Search } from './records/found.ts';
import { LOOPBACK, specialName } from './special-names.ts';
import type { NameKey } from './wire/name.ts';
import { type RecordData, type RecordType, TYPE } from './wire/record-type.ts';

/** The records of one name and type. */
export type Records<Type extends RecordType> = {
  readonly records: readonly RecordData[Type][];
  /** Seconds that they are good for. */
  readonly ttl: number;
  /** The server says that it has checked them (the AD bit); worth as much as the way to it. */
  readonly authenticated: boolean;
};

export type RecordWish<Type extends RecordType> = {
  readonly name: string;
  readonly key: NameKey;
  readonly type: Type;
  readonly cache: 'use' | 'refresh' | 'only';
  readonly deadlineMs: number;
};

/** What is needed to look for records. */
export type RecordParts = {
  readonly source: RecordSource;
  readonly nowMs: () => number;
  readonly guard: ((address: string) => boolean) | undefined;
};

const LOOPBACK_TTL_S = 86_400;

/** Looks for records of one name; `onEnd` may run inside this call, and then there is no search. */
export function findRecords<Type extends RecordType>(
  parts: RecordParts,
  wish: RecordWish<Type>,
  onEnd: (end: Records<Type> | DnsError) => void,
): Search | undefined {
  const { name, key, type, cache, deadlineMs } = wish;
  const settle = (found: Found): void => onEnd(recordsOf(parts, name, type, found, parts.nowMs()));
  const special = knownAtOnce(name, type);
  if (special !== undefined) {
    onEnd(special);
    return undefined;
  }
  const found = cache === 'refresh' ? undefined : parts.source.peek(key, TYPE[type]);
  if (found !== undefined) settle(found);
  else if (cache !== 'only') return parts.source.find(key, TYPE[type], deadlineMs, cache, settle);
  else onEnd(notKept(name, type));
  return undefined;
}

/** Only what is kept was wanted, and nothing is. */
export function notKept(name: string, type: string): DnsError {
  return new DnsError('ENOSERVER', shownName(name), { type, why: 'not in the cache' });
}

/** Names that no server is asked about, and what they are instead. */
export function knownAtOnce<Type extends RecordType>(
  name: string,
  type: Type,
): Records<Type> | DnsError | undefined {
  const special = specialName(name);
  if (special === undefined) return undefined;
  const about = shownName(name);
  if (special.kind === 'literal') {
    return new DnsError('EBADNAME', about, { type, why: 'an address, not a name' });
  }
  if (special.kind === 'none') return new DnsError(special.code, about, { type, why: special.why });
  if (type !== 'A' && type !== 'AAAA') return new DnsError('ENODATA', about, { type });
  const address = LOOPBACK[type === 'A' ? 4 : 6];
  return { records: [address as RecordData[Type]], ttl: LOOPBACK_TTL_S, authenticated: false };
}

/** What was found, as a caller is given it. */
export function recordsOf<Type extends RecordType>(
  { guard }: RecordParts,
  name: string,
  type: Type,
  found: Found,
  nowMs: number,
): Records<Type> | DnsError {
  if (found.kind !== 'records') return errorOf(name, type, found);
  let records = found.data as readonly RecordData[Type][];
  if (guard !== undefined && (type === 'A' || type === 'AAAA')) {
    records = records.filter((record) => guard(record as string));
    if (records.length === 0) {
      const why = 'its addresses are denied';
      return new DnsError('ENODATA', shownName(name), { type, why });
    }
  }
  return { records, ttl: secondsLeft(found, nowMs), authenticated: found.authenticated };
}

function errorOf(name: string, type: string, found: Exclude<Found, FoundRecords>): DnsError {
  const about = shownName(name);
  if (found.kind === 'failure') return new DnsError(found.code, about, { ...found, type });
  return new DnsError(found.kind === 'nxdomain' ? 'ENOTFOUND' : 'ENODATA', about, { type });
}
