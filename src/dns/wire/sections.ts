import { uint16 } from './field.ts';
import { NameReader } from './name-reader.ts';
import { HEADER_BYTES, IN } from './query.ts';
import { TYPE } from './record-type.ts';

/** The largest message there is: lengths over TCP have 16 bits (RFC 1035 §4.2.2). */
export const MESSAGE_BYTES_MAX: number = 65_535;
/** Type, class, TTL and length of a record, behind its owner (RFC 1035 §4.1.3). */
export const RECORD_BYTES: number = 10;
/** As many as fit into the largest message; the counts of a header are not believed. */
const RECORDS_MAX = Math.floor((MESSAGE_BYTES_MAX - HEADER_BYTES) / (1 + RECORD_BYTES));
/** The code and length of an option in an OPT record (RFC 6891 §6.1.2). */
const OPTION_BYTES = 4;

/**
 * The records of one message, found by a walk over all sections. Of the answers, only those are
 * kept that may matter: of class IN, and of the type that is wanted, or aliases. One is made for
 * all messages; the places it holds are those of the last one.
 */
export class Sections {
  readonly names: NameReader = new NameReader();
  /** How many answers were kept. */
  kept = 0;
  /** Where the authority section begins, and how many records it has. */
  authorityAt = 0;
  authorities = 0;
  /** Where the OPT record has its TTL; 0: there is none. */
  optAt = 0;
  /** Behind the last record. */
  end = 0;
  /** Per kept answer, where its owner is, and what follows its owner. */
  readonly #owners: Uint16Array = new Uint16Array(RECORDS_MAX);
  readonly #fields: Uint16Array = new Uint16Array(RECORDS_MAX);

  /** Where the owner of a kept answer is. */
  owner(index: number): number {
    return this.#owners[index] as number;
  }

  /** Where the type of a kept answer is: class, TTL, length and data follow. */
  fields(index: number): number {
    return this.#fields[index] as number;
  }

  /**
   * Walks over `message`, whose question ends at `start`. `false`: a record does not end inside
   * the message, a name is none, or there is an OPT record where none may be (RFC 6891 §6.1.1).
   */
  walk(message: Uint8Array, start: number, wanted: number): boolean {
    const { names } = this;
    names.reset(message);
    this.kept = 0;
    this.optAt = 0;
    if (message.length > MESSAGE_BYTES_MAX) return false;
    let at = start;
    for (let left = uint16(message, 6); left > 0; left -= 1) {
      const owner = at;
      at = names.skip(at);
      const fields = at;
      at = this.#recordEnd(at);
      if (at < 0) return false;
      const type = uint16(message, fields);
      if (type === TYPE.OPT) return false;
      if ((type === wanted || type === TYPE.CNAME) && uint16(message, fields + 2) === IN) {
        this.#owners[this.kept] = owner;
        this.#fields[this.kept] = fields;
        this.kept += 1;
      }
    }
    this.authorityAt = at;
    this.authorities = uint16(message, 8);
    at = this.#skipOthers(at, this.authorities, false);
    if (at >= 0) at = this.#skipOthers(at, uint16(message, 10), true);
    this.end = at;
    return at >= 0;
  }

  /** Behind the record whose owner ended at `fields`; -1 when the message ends before that. */
  #recordEnd(fields: number): number {
    const { message } = this.names;
    const data = fields + RECORD_BYTES;
    if (fields < 0 || data > message.length) return -1;
    const end = data + uint16(message, fields + 8);
    return end > message.length ? -1 : end;
  }

  /** Behind `count` records, or -1. */
  #skipOthers(start: number, count: number, additional: boolean): number {
    const { names } = this;
    let at = start;
    for (let left = count; left > 0; left -= 1) {
      const owner = at;
      const fields = names.skip(at);
      at = this.#recordEnd(fields);
      if (at < 0) return -1;
      if (uint16(names.message, fields) !== TYPE.OPT) continue;
      // Its owner is the root, one byte.
      if (!additional || this.optAt > 0 || fields !== owner + 1) return -1;
      if (!areOptions(names.message, fields + RECORD_BYTES, at)) return -1;
      this.optAt = fields + 4;
    }
    return at;
  }
}

/** Do options fill the data of an OPT record exactly? */
function areOptions(message: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at + OPTION_BYTES <= end) at += OPTION_BYTES + uint16(message, at + 2);
  return at === end;
}
