import { ipv4Text, ipv6Text } from './address-text.ts';
import { uint16, utf8 } from './field.ts';
import { nameText } from './name.ts';
import type { NameReader } from './name-reader.ts';
import type { RecordData, SvcParams } from './record-type.ts';

/** SvcParamKeys by number (RFC 9460 §14.3.2). */
const KEYS: readonly string[] = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
];

/**
 * The data of an SVCB or HTTPS record (RFC 9460 §2.2). It is malformed when its target is
 * compressed, its keys do not go up, or a value is not what its key says. Whether a key that
 * `mandatory` names is there, or two contradict each other, is for the reader of the record.
 */
export function serviceData(
  names: NameReader,
  at: number,
  end: number,
): RecordData['SVCB'] | undefined {
  const { message } = names;
  if (!names.load(at + 2)) return undefined;
  const start = names.after;
  if (start > end || start - (at + 2) !== names.length) return undefined;
  const priority = uint16(message, at);
  const target = nameText(names.wire());
  // What stands in AliasMode is ignored (§2.4.2), but has to end where the record does.
  const params = paramsOf(message, start, end, priority === 0);
  return params === undefined ? undefined : { priority, target, params };
}

/** The parameters from `start` to `end`, or with `ignored` none of them. */
function paramsOf(
  message: Uint8Array,
  start: number,
  end: number,
  ignored: boolean,
): SvcParams | undefined {
  let params: SvcParams = {};
  let last = -1;
  for (let at = start; at < end; ) {
    if (at + 4 > end) return undefined;
    const key = uint16(message, at);
    const from = at + 4;
    at = from + uint16(message, at + 2);
    // Also no key comes twice.
    if (key <= last || at > end) return undefined;
    last = key;
    if (ignored) continue;
    const value = message.subarray(from, at);
    if (key < KEYS.length) {
      const known = paramOf(key, value);
      if (known === undefined) return undefined;
      params = Object.assign(params, known);
    } else {
      const other = Object.assign(params.other ?? {}, { [keyName(key)]: Uint8Array.from(value) });
      params = Object.assign(params, { other });
    }
  }
  return params;
}

/** One parameter under its name; `undefined`: its value is malformed. */
function paramOf(key: number, value: Uint8Array): SvcParams | undefined {
  switch (key) {
    case 0:
      return mandatory(value);
    case 1:
      return protocols(value);
    case 2:
      return value.length === 0 ? { noDefaultAlpn: true } : undefined;
    case 3:
      return value.length === 2 ? { port: uint16(value, 0) } : undefined;
    case 4: {
      const ipv4hint = addresses(value, 4, ipv4Text);
      return ipv4hint && { ipv4hint };
    }
    case 5:
      return value.length > 0 ? { ech: Uint8Array.from(value) } : undefined;
    default: {
      const ipv6hint = addresses(value, 16, ipv6Text);
      return ipv6hint && { ipv6hint };
    }
  }
}

/** RFC 9460 §8: keys that go up, at least one, and not itself. */
function mandatory(value: Uint8Array): SvcParams | undefined {
  if (value.length === 0 || value.length % 2 !== 0) return undefined;
  const keys: string[] = [];
  for (let at = 0, last = 0; at < value.length; at += 2) {
    const key = uint16(value, at);
    if (key <= last) return undefined;
    last = key;
    keys.push(keyName(key));
  }
  return { mandatory: keys };
}

/** RFC 9460 §7.1.1: names of protocols, at least one, none empty. */
function protocols(value: Uint8Array): SvcParams | undefined {
  const alpn: string[] = [];
  for (let at = 0; at < value.length; ) {
    const bytes = value[at] as number;
    const from = at + 1;
    at = from + bytes;
    if (bytes === 0 || at > value.length) return undefined;
    alpn.push(utf8(value, from, at));
  }
  return alpn.length === 0 ? undefined : { alpn };
}

/** RFC 9460 §7.3: whole addresses, at least one. */
function addresses(
  value: Uint8Array,
  bytes: number,
  text: (bytes: Uint8Array, at: number) => string,
): string[] | undefined {
  if (value.length === 0 || value.length % bytes !== 0) return undefined;
  return Array.from({ length: value.length / bytes }, (_, index) => text(value, index * bytes));
}

function keyName(key: number): string {
  return KEYS[key] ?? `key${key}`;
}
