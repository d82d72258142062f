import { ipv4Text, ipv6Text } from './address-text.ts';
import { ttlAt, uint16, uint32, utf8 } from './field.ts';
import { nameText } from './name.ts';
import type { NameReader } from './name-reader.ts';
import { type AnyData, type RecordData, TYPE } from './record-type.ts';
import { serviceData } from './svcb.ts';

/**
 * The data of one record, which lies from `at` to `end` in the message of `names`. `undefined`:
 * it does not fill its field exactly, or is not what its type says; or the type is unknown.
 */
export function decodeData(
  names: NameReader,
  type: number,
  at: number,
  end: number,
): AnyData | undefined {
  const { message } = names;
  switch (type) {
    case TYPE.A:
      return end - at === 4 ? ipv4Text(message, at) : undefined;
    case TYPE.AAAA:
      return end - at === 16 ? ipv6Text(message, at) : undefined;
    case TYPE.CNAME:
    case TYPE.NS:
    case TYPE.PTR:
      return nameAt(names, at, end);
    case TYPE.SRV:
      return srvData(names, at, end);
    case TYPE.TXT:
      return txtData(message, at, end);
    case TYPE.MX:
      return mxData(names, at, end);
    case TYPE.SOA:
      return soaData(names, at, end);
    case TYPE.CAA:
      return caaData(message, at, end);
    case TYPE.NAPTR:
      return naptrData(names, at, end);
    case TYPE.SVCB:
    case TYPE.HTTPS:
      return serviceData(names, at, end);
    default:
      return undefined;
  }
}

/** A name that ends where its field ends. */
function nameAt(names: NameReader, at: number, end: number): string | undefined {
  return names.load(at) && names.after === end ? nameText(names.wire()) : undefined;
}

/** RFC 2782. Compression is forbidden there, and met. */
function srvData(names: NameReader, at: number, end: number): RecordData['SRV'] | undefined {
  const target = nameAt(names, at + 6, end);
  if (target === undefined) return undefined;
  const { message } = names;
  return {
    target,
    port: uint16(message, at + 4),
    priority: uint16(message, at),
    weight: uint16(message, at + 2),
  };
}

/** RFC 1035 §3.3.14. No string at all is not legal, and read as it is (RFC 6763 §6.1). */
function txtData(message: Uint8Array, start: number, end: number): string[] | undefined {
  const strings: string[] = [];
  let at = start;
  while (at < end) {
    const next = stringEnd(message, at, end);
    if (next < 0) return undefined;
    strings.push(utf8(message, at + 1, next));
    at = next;
  }
  return strings;
}

function mxData(names: NameReader, at: number, end: number): RecordData['MX'] | undefined {
  const exchange = nameAt(names, at + 2, end);
  return exchange === undefined ? undefined : { priority: uint16(names.message, at), exchange };
}

/** RFC 1035 §3.3.13: two names, five numbers. */
function soaData(names: NameReader, at: number, end: number): RecordData['SOA'] | undefined {
  const { message } = names;
  if (!names.load(at)) return undefined;
  const nsname = nameText(names.wire());
  if (!names.load(names.after)) return undefined;
  const hostmaster = nameText(names.wire());
  const numbers = names.after;
  if (numbers + 20 !== end) return undefined;
  return {
    nsname,
    hostmaster,
    serial: uint32(message, numbers),
    refresh: uint32(message, numbers + 4),
    retry: uint32(message, numbers + 8),
    expire: uint32(message, numbers + 12),
    minttl: uint32(message, numbers + 16),
  };
}

/** The MINIMUM of an SOA record, for which a negative answer may be kept; -1: it is none. */
export function soaMinimum(names: NameReader, at: number, end: number): number {
  if (!names.load(at) || !names.load(names.after) || names.after + 20 !== end) return -1;
  return ttlAt(names.message, end - 4);
}

/** RFC 8659 §4.1: flags, a tag of at least one character, and the rest. */
function caaData(message: Uint8Array, at: number, end: number): RecordData['CAA'] | undefined {
  if (end - at < 2) return undefined;
  const tagEnd = stringEnd(message, at + 1, end);
  if (tagEnd < 0 || tagEnd === at + 2) return undefined;
  return {
    critical: ((message[at] as number) & 0x80) !== 0,
    tag: utf8(message, at + 2, tagEnd),
    value: utf8(message, tagEnd, end),
  };
}

/** RFC 3403 §4.1. */
function naptrData(names: NameReader, at: number, end: number): RecordData['NAPTR'] | undefined {
  const { message } = names;
  const flagsEnd = stringEnd(message, at + 4, end);
  const serviceEnd = flagsEnd < 0 ? -1 : stringEnd(message, flagsEnd, end);
  const regexpEnd = serviceEnd < 0 ? -1 : stringEnd(message, serviceEnd, end);
  const replacement = regexpEnd < 0 ? undefined : nameAt(names, regexpEnd, end);
  if (replacement === undefined) return undefined;
  return {
    order: uint16(message, at),
    preference: uint16(message, at + 2),
    flags: utf8(message, at + 5, flagsEnd),
    service: utf8(message, flagsEnd + 1, serviceEnd),
    regexp: utf8(message, serviceEnd + 1, regexpEnd),
    replacement,
  };
}

/** Behind the string whose length byte is at `at`; -1 when it does not end before `end`. */
function stringEnd(message: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const next = at + 1 + (message[at] as number);
  return next > end ? -1 : next;
}
