import { ttlAt, uint16 } from './field.ts';
import { isWithin, type NameKey } from './name.ts';
import { IN } from './query.ts';
import { soaMinimum } from './rdata.ts';
import { TYPE } from './record-type.ts';
import { RECORD_BYTES, type Sections } from './sections.ts';

/**
 * Seconds for which it may be kept that `canonical` is not there: the smaller of TTL and MINIMUM
 * of the SOA record in the authority section (RFC 2308 §5). `undefined`: there is none, or it is
 * of a zone that has nothing to do with the name. The sections have been walked over before.
 */
export function negativeTtl(sections: Sections, canonical: NameKey): number | undefined {
  const { names } = sections;
  const { message } = names;
  let at = sections.authorityAt;
  for (let left = sections.authorities; left > 0; left -= 1) {
    const owner = at;
    const fields = names.skip(owner);
    if (fields < 0) return undefined;
    const data = fields + RECORD_BYTES;
    at = data + uint16(message, fields + 8);
    if (uint16(message, fields) !== TYPE.SOA || uint16(message, fields + 2) !== IN) continue;
    if (!names.load(owner) || !isWithin(canonical, names.key())) continue;
    const minimum = soaMinimum(names, data, at);
    if (minimum >= 0) return Math.min(minimum, ttlAt(message, fields + 4));
  }
  return undefined;
}
