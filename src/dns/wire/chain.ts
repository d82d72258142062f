import { ttlAt, uint16 } from './field.ts';
import { HEADER_BYTES } from './query.ts';
import { decodeData } from './rdata.ts';
import { type AnyData, TYPE } from './record-type.ts';
import { RECORD_BYTES, type Sections } from './sections.ts';

/** Aliases in a row that are followed from the name that was asked for. */
export const CNAME_LINKS_MAX: number = 8;
/** Above this many, a set finds the same address again sooner than a look at each. */
const FEW = 8;
const NO_DATA: readonly AnyData[] = [];

/**
 * How a chain ends: at a name with `data`, at one with `none`, or not at all, because what its
 * names own cannot be read (`parse`) or leads nowhere (`owner`).
 */
export type ChainEnd = 'data' | 'none' | 'parse' | 'owner';

/** The aliases of one message, followed from the name of its question. */
export class Chain {
  /** Where the name lies that has been reached. */
  nameAt = 0;
  links = 0;
  /** The smallest of all that was used, in seconds; infinite where nothing was. */
  ttl = 0;
  /** An array of its own, as long as it has to be: it is kept. */
  data: readonly AnyData[] = NO_DATA;
  /** What the current name owns, as far as it counts: used again, so that it does not grow anew. */
  readonly #taken: AnyData[] = [];
  /** Where the alias of the name leads; 0: it has none. */
  #aliasAt = 0;

  /**
   * From the name of the question, alias by alias, to a name that has records of `type`, 0 for
   * none, or to the end of the chain. The records may stand in any order. A name with such records
   * and an alias breaks RFC 2181 §10.1; the records are what was asked for.
   */
  follow(sections: Sections, type: number): ChainEnd {
    this.nameAt = HEADER_BYTES;
    this.links = 0;
    this.ttl = Number.POSITIVE_INFINITY;
    for (;;) {
      const end = this.#own(sections, type);
      if (end !== 'none' || this.#aliasAt === 0) return end;
      if (this.links === CNAME_LINKS_MAX) return 'owner';
      this.links += 1;
      this.nameAt = this.#aliasAt;
    }
  }

  /** Takes what the current name owns. */
  #own(sections: Sections, type: number): ChainEnd {
    const { names } = sections;
    const { message } = names;
    const taken = this.#taken;
    if (taken.length > FEW) taken.length = 0;
    let count = 0;
    this.#aliasAt = 0;
    let conflict = false;
    let dataTtl = this.ttl;
    let aliasTtl = this.ttl;
    for (let index = 0; index < sections.kept; index += 1) {
      const owned = names.same(this.nameAt, sections.owner(index));
      if (owned < 0) return 'parse';
      if (owned === 0) continue;
      const fields = sections.fields(index);
      const at = fields + RECORD_BYTES;
      const end = at + uint16(message, fields + 8);
      const ttl = ttlAt(message, fields + 4);
      if (uint16(message, fields) === type) {
        const data = decodeData(names, type, at, end);
        if (data === undefined) return 'parse';
        taken[count] = data;
        count += 1;
        dataTtl = Math.min(dataTtl, ttl);
      } else if (uint16(message, fields) === TYPE.CNAME) {
        if (!names.load(at) || names.after !== end) return 'parse';
        // A name has one canonical name (RFC 2181 §10.1): two records may only say the same.
        if (this.#aliasAt === 0) this.#aliasAt = at;
        const same = names.same(this.#aliasAt, at);
        if (same < 0) return 'parse';
        if (same === 0) conflict = true;
        aliasTtl = Math.min(aliasTtl, ttl);
      }
    }
    if (count > 0) {
      this.ttl = dataTtl;
      const data = taken.slice(0, count);
      this.data = type === TYPE.A || type === TYPE.AAAA ? distinct(data) : data;
      return 'data';
    }
    this.ttl = aliasTtl;
    return conflict ? 'owner' : 'none';
  }
}

/** An address that is given twice counts once (RFC 2181 §5). */
function distinct(addresses: AnyData[]): AnyData[] {
  if (addresses.length > FEW) return [...new Set(addresses)];
  for (let index = 1; index < addresses.length; index += 1) {
    if (addresses.indexOf(addresses[index] as AnyData) < index) return [...new Set(addresses)];
  }
  return addresses;
}
