import { TYPE } from '../../../src/dns/wire/record-type.ts';

/**
 * A second reading of a message, from the RFCs and without any care for speed: it makes arrays and
 * strings, and throws. It shares no code with what is tested.
 */
export type PlainReading = {
  /** `answer 3 2 60`: kind, records or code or reason, links, TTL. */
  readonly said: string;
  /** Names that were used, each a list of labels as latin1. */
  readonly names: readonly (readonly string[])[];
  /** Why the message is invalid. */
  readonly why?: string;
  readonly records: readonly PlainRecord[];
  /** Labels of the name at the end of the chain. */
  readonly canonical?: readonly string[];
};

export type PlainRecord = {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly ownerAt: number;
  readonly type: number;
  readonly classCode: number;
  readonly ttl: number;
  readonly at: number;
  readonly end: number;
};

class Invalid extends Error {}

export function plainReading(
  query: Uint8Array,
  message: Uint8Array,
  options: { readonly exactCase: boolean; readonly hadOpt: boolean },
): PlainReading {
  const reader = new Reader(Buffer.from(message));
  const front = frontOf(Buffer.from(query), reader.message, options.exactCase);
  if (front !== undefined) return { said: front, names: [], records: [] };
  const code = (message[3] as number) & 15;
  const questionBytes = query.length - 12 - (query[11] === 1 ? 11 : 0);
  try {
    const records = reader.records(12 + questionBytes);
    const ttl = records.find(({ type }) => type === TYPE.OPT)?.ttl ?? 0;
    const rcode = code + 16 * (options.hadOpt ? Math.floor(ttl / 2 ** 24) : 0);
    const said =
      rcode !== 0 && rcode !== 3
        ? `rcode ${rcode}`
        : reader.settle(records, Buffer.from(query).readUInt16BE(8 + questionBytes), rcode);
    return { said, names: reader.names, records, canonical: reader.canonical };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    const said = code !== 0 && code !== 3 ? `rcode ${code}` : 'drop parse';
    return { said, names: reader.names, records: reader.walked, why: error.message };
  }
}

/** What the header and the question decide. */
function frontOf(query: Buffer, message: Buffer, exactCase: boolean): string | undefined {
  if (message.length < 12) return 'drop short';
  if ((message.readUInt8(2) & 0xf8) !== 0x80) return 'drop header';
  const asked = query.subarray(12, query[11] === 1 ? -11 : undefined);
  const echoed = message.subarray(12, 12 + asked.length);
  const folded = (bytes: Buffer) =>
    lower(bytes.toString('latin1', 0, bytes.length - 4)) +
    bytes.toString('latin1', bytes.length - 4);
  if (message.readUInt16BE(4) !== 1 || echoed.length < asked.length) return 'drop question';
  if (folded(asked) !== folded(echoed)) return 'drop question';
  if (exactCase && !asked.equals(echoed)) return 'drop case';
  return (message.readUInt8(2) & 2) === 0 ? undefined : 'truncated';
}

class Reader {
  readonly message: Buffer;
  readonly names: string[][] = [];
  readonly walked: PlainRecord[] = [];
  canonical: readonly string[] = [];

  constructor(message: Buffer) {
    this.message = message;
  }

  records(start: number): PlainRecord[] {
    let at = start;
    for (const [section, countAt] of [
      ['answer', 6],
      ['authority', 8],
      ['additional', 10],
    ] as const) {
      for (let left = this.message.readUInt16BE(countAt); left > 0; left -= 1) {
        const ownerAt = at;
        at = this.#skip(at);
        if (at + 10 > this.message.length) throw new Invalid('a record past the end');
        const end = at + 10 + this.message.readUInt16BE(at + 8);
        if (end > this.message.length) throw new Invalid('data past the end');
        const type = this.message.readUInt16BE(at);
        const classCode = this.message.readUInt16BE(at + 2);
        const ttl = this.message.readUInt32BE(at + 4);
        this.walked.push({ section, ownerAt, type, classCode, ttl, at: at + 10, end });
        if (type === TYPE.OPT) this.#checkOpt(this.walked, at === ownerAt + 1);
        at = end;
      }
    }
    return this.walked;
  }

  settle(records: readonly PlainRecord[], type: number, rcode: number): string {
    const answers = records.filter((r) => r.section === 'answer' && r.classCode === 1);
    let name = this.#name(12).labels;
    let ttl = Number.POSITIVE_INFINITY;
    const least = (of: readonly PlainRecord[]) =>
      Math.min(ttl, ...of.map((each) => secondsOf(each.ttl)));
    for (let links = 0; ; links += 1) {
      this.canonical = name;
      const own = answers.filter((r) => {
        if (r.type !== type && r.type !== TYPE.CNAME) return false;
        return same(this.#name(r.ownerAt, name).labels, name);
      });
      const data = own.filter((r) => r.type === type && rcode === 0);
      const aliases = own.filter((r) => r.type === TYPE.CNAME && !data.includes(r));
      for (const each of data) this.#checkData(each);
      const targets = aliases.map((each) => this.#exactName(each.at, each.end));
      if (data.length > 0) {
        return `answer ${this.#count(data, type)} ${links} ${least(data)}`;
      }
      const target = targets[0];
      if (target === undefined) return this.#negative(records, name, rcode, links, ttl);
      if (targets.some((other) => !same(other, target)) || links === 8) return 'drop owner';
      ttl = least(aliases);
      name = target;
    }
  }

  #negative(
    records: readonly PlainRecord[],
    name: readonly string[],
    rcode: number,
    links: number,
    ttl: number,
  ): string {
    for (const record of records) {
      if (record.section !== 'authority' || record.type !== TYPE.SOA) continue;
      if (record.classCode !== 1) continue;
      try {
        const owner = this.#name(record.ownerAt).labels;
        if (owner.length > name.length) continue;
        if (!same(owner, name.slice(name.length - owner.length))) continue;
        const { end } = this.#name(this.#name(record.at).end);
        if (end + 20 !== record.end) continue;
        const minimum = secondsOf(this.message.readUInt32BE(end + 16));
        const seconds = Math.min(ttl, secondsOf(record.ttl), minimum);
        return `${rcode === 3 ? 'nxdomain' : 'nodata'} 0 ${links} ${seconds}`;
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
      }
    }
    if (rcode === 3) return `nxdomain 0 ${links} -`;
    return links > 0 ? `alias 0 ${links} ${ttl}` : 'nodata 0 0 -';
  }

  #count(data: readonly PlainRecord[], type: number): number {
    if (type !== TYPE.A && type !== TYPE.AAAA) return data.length;
    return new Set(data.map(({ at, end }) => this.message.toString('latin1', at, end))).size;
  }

  /** Does the data end where its length says? */
  #checkData({ type, at, end }: PlainRecord): void {
    const bytes = end - at;
    const string = (from: number) => {
      const to = from + 1 + (this.message[from] ?? 0);
      if (from >= end || to > end) throw new Invalid('a string past its data');
      return to;
    };
    switch (type) {
      case TYPE.A:
      case TYPE.AAAA:
        if (bytes !== (type === TYPE.A ? 4 : 16)) throw new Invalid('an address of another length');
        return;
      case TYPE.CNAME:
      case TYPE.NS:
      case TYPE.PTR:
        this.#exactName(at, end);
        return;
      case TYPE.MX:
        this.#exactName(at + 2, end);
        return;
      case TYPE.SRV:
        this.#exactName(at + 6, end);
        return;
      case TYPE.NAPTR:
        this.#exactName(string(string(string(at + 4))), end);
        return;
      case TYPE.SOA:
        this.#exactName(this.#name(at).end, end - 20);
        return;
      case TYPE.TXT:
        for (let next = at; next < end; ) next = string(next);
        return;
      case TYPE.CAA:
        if (string(at + 1) === at + 2) throw new Invalid('an empty tag');
        return;
      default:
        throw new Error(`type ${type} is not read here`);
    }
  }

  /** One OPT record, of the root, in the additional section, filled by its options. */
  #checkOpt(records: readonly PlainRecord[], ofRoot: boolean): void {
    const { section, at, end } = records.at(-1) as PlainRecord;
    const count = records.filter(({ type }) => type === TYPE.OPT).length;
    if (section !== 'additional' || count > 1 || !ofRoot)
      throw new Invalid('OPT where none may be');
    let next = at;
    while (next + 4 <= end) next += 4 + this.message.readUInt16BE(next + 2);
    if (next !== end) throw new Invalid('options do not fill OPT');
  }

  #exactName(at: number, end: number): string[] {
    const name = this.#name(at);
    if (name.end !== end) throw new Invalid('a name that does not fill its data');
    return name.labels;
  }

  /** Behind a name whose pointer is not followed. */
  #skip(start: number): number {
    for (let at = start, bytes = 1; ; ) {
      const length = this.message[at] ?? 0x40;
      if (length >= 0xc0) {
        this.#target(at, start);
        return at + 2;
      }
      if (length > 63) throw new Invalid('a label of another kind');
      if (length === 0) return at + 1;
      bytes += 1 + length;
      at += 1 + length;
      if (bytes > 255) throw new Invalid('a name of over 255 bytes');
    }
  }

  /** With `unlike`, what is wrong behind the first label that differs from it does not matter. */
  #name(start: number, unlike?: readonly string[]): { labels: string[]; end: number } {
    const labels: string[] = [];
    let end = -1;
    this.names.push(labels);
    for (let at = start, runAt = start, bytes = 1; ; ) {
      const length = this.message[at] ?? 0x40;
      if (length >= 0xc0) {
        if (end < 0) end = at + 2;
        at = this.#target(at, runAt);
        runAt = at;
        continue;
      }
      if (length > 63 || at + length >= this.message.length) throw new Invalid('a bad label');
      if (length === 0) return { labels, end: end < 0 ? at + 1 : end };
      labels.push(lower(this.message.toString('latin1', at + 1, at + 1 + length)));
      const expected = unlike?.[labels.length - 1];
      if (unlike !== undefined && labels.at(-1) !== expected) return { labels, end: -1 };
      bytes += 1 + length;
      if (bytes > 255) throw new Invalid('a name of over 255 bytes');
      at += 1 + length;
    }
  }

  #target(at: number, runAt: number): number {
    if (at + 1 >= this.message.length) throw new Invalid('half a pointer');
    const target = this.message.readUInt16BE(at) & 0x3fff;
    if (target < 12) throw new Invalid('a pointer into the header');
    if (target >= runAt) throw new Invalid('a pointer that leads not backwards');
    return target;
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((label, index) => label === b[index]);
}

/** A TTL with its top bit set is 0 (RFC 2181 §8). */
function secondsOf(ttl: number): number {
  return ttl > 0x7fff_ffff ? 0 : ttl;
}

function lower(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
