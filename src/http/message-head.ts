/** How a body ends: there is none, after so many bytes, by itself, or with the connection. */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

/** Words that a field takes in the table: where its name and its value begin and end, and what it is. */
const WORDS = 5;
const FIELDS_INITIAL = 32;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const LOWER_BIT = 0x20;

/**
 * A received head: its text as it came, and where the parts are. Offsets count from the head's
 * first byte. The object is used again and again: nothing of it may be kept after `reset`.
 */
export class MessageHead {
  /** The whole head, latin1, the empty line included; set once it is complete. */
  text = '';
  /** Bytes of the head, the empty line included. */
  bytes = 0;
  /** Bytes that it came as: line ends may have been others. */
  rawBytes = 0;
  fieldCount = 0;
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  minorVersion = 1;
  /** HTTP/0.9: neither the request has fields, nor its answer a head. */
  simple = false;
  /** Fields were read over because of their names: they are `AMBIGUOUS`. */
  hasDropped = false;
  /** Of a request. */
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** The target has a `%` or a `.`: it may say another path than it seems to. */
  targetMarked = false;
  /** Of a response. */
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** Where the first field line begins. */
  fieldsStart = 0;
  /** What the fields mean together; set by `readRequest` and `readResponse`. */
  framing: Framing = 'none';
  /** Bytes of the body where `framing` is `length`. */
  contentLength = 0;
  /** Content-Length came with zeros before its number, or with white space behind it. */
  lengthPadded = false;
  /** May the connection be used again, as far as this message says? */
  persistent = true;
  /** Names that `Connection` nominates for removal, in lower case; seldom any. */
  nominated: string[] | undefined;
  expectsContinue = false;
  #table = new Int32Array(FIELDS_INITIAL * WORDS);

  reset(): void {
    this.text = '';
    this.bytes = 0;
    this.fieldCount = 0;
    this.fieldsStart = 0;
    this.methodEnd = 0;
    this.simple = false;
    this.hasDropped = false;
    this.nominated = undefined;
    this.expectsContinue = false;
    this.lengthPadded = false;
  }

  /** Is what there is, where a head was refused before its end: its first line, and whole fields. */
  salvage(text: string): void {
    this.text = text;
    this.bytes = text.length;
    this.rawBytes = text.length;
    this.framing = 'none';
    this.contentLength = 0;
    this.persistent = false;
    if (this.fieldCount > 0 && this.valueEnd(this.fieldCount - 1) === 0) this.fieldCount -= 1;
    if (this.fieldCount > 0 || this.fieldsStart > 0) return;
    this.minorVersion = 0;
    this.methodEnd = 0;
    this.targetStart = 0;
    this.targetEnd = 0;
    const end = text.search(/[\r\n]/);
    this.fieldsStart = (end < 0 ? text.length : end) + 2;
  }

  /** The same head as an object of its own, for who keeps it. */
  copy(): MessageHead {
    const copy = new MessageHead();
    Object.assign(copy, this);
    copy.#table = this.#table.slice(0, Math.max(1, this.fieldCount) * WORDS);
    return copy;
  }

  get method(): string {
    return this.text.slice(0, this.methodEnd);
  }

  get target(): string {
    return this.text.slice(this.targetStart, this.targetEnd);
  }

  get reason(): string {
    return this.text.slice(this.reasonStart, this.reasonEnd);
  }

  addField(nameStart: number, nameEnd: number, id: number): void {
    const at = this.fieldCount * WORDS;
    if (at === this.#table.length) this.#grow();
    this.#table[at] = nameStart;
    this.#table[at + 1] = nameEnd;
    this.#table[at + 3] = 0;
    this.#table[at + 4] = id;
    this.fieldCount += 1;
  }

  /** Adds a field whose line has come whole. */
  addWhole(
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    id: number,
  ): void {
    const at = this.fieldCount * WORDS;
    if (at === this.#table.length) this.#grow();
    const table = this.#table;
    table[at] = nameStart;
    table[at + 1] = nameEnd;
    table[at + 2] = valueStart;
    table[at + 3] = valueEnd;
    table[at + 4] = id;
    this.fieldCount += 1;
  }

  /** Sets where the value of the newest field begins. */
  startValue(start: number): void {
    this.#table[(this.fieldCount - 1) * WORDS + 2] = start;
  }

  /** Sets where the value of the newest field ends. */
  endValue(end: number): void {
    this.#table[(this.fieldCount - 1) * WORDS + 3] = end;
  }

  /** What the field is: a number of `field-names.ts`. */
  fieldId(index: number): number {
    return this.#table[index * WORDS + 4] as number;
  }

  /** Where the field's line begins; for the count of fields, where the empty line begins. */
  lineStart(index: number): number {
    return index < this.fieldCount ? (this.#table[index * WORDS] as number) : this.bytes - 2;
  }

  fieldName(index: number): string {
    const at = index * WORDS;
    return this.text.slice(this.#table[at], this.#table[at + 1]);
  }

  nameLength(index: number): number {
    const at = index * WORDS;
    return (this.#table[at + 1] as number) - (this.#table[at] as number);
  }

  /** Is this the field's name? `name` in lower case. */
  isNamed(index: number, name: string): boolean {
    const at = index * WORDS;
    const start = this.#table[at] as number;
    if ((this.#table[at + 1] as number) - start !== name.length) return false;
    const { text } = this;
    for (let i = 0; i < name.length; i += 1) {
      const char = text.charCodeAt(start + i);
      const lower = char >= UPPER_A && char <= UPPER_Z ? char | LOWER_BIT : char;
      if (lower !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** `Connection` names fields that are meant for this connection alone (RFC 9110 §7.6.1). */
  isNominated(index: number): boolean {
    return this.nominated?.includes(this.fieldName(index).toLowerCase()) ?? false;
  }

  fieldValue(index: number): string {
    return this.text.slice(this.valueStart(index), this.valueEnd(index));
  }

  /** Where in `text` the field's value begins. */
  valueStart(index: number): number {
    return this.#table[index * WORDS + 2] as number;
  }

  valueEnd(index: number): number {
    return this.#table[index * WORDS + 3] as number;
  }

  /** The index of the first field with this number, or -1. */
  indexOf(id: number): number {
    for (let index = 0; index < this.fieldCount; index += 1) {
      if (this.#table[index * WORDS + 4] === id) return index;
    }
    return -1;
  }

  /** The value of the first field with this number. */
  valueOf(id: number): string | undefined {
    const index = this.indexOf(id);
    return index < 0 ? undefined : this.fieldValue(index);
  }

  /** The value of the first field of this name; `name` in lower case. */
  get(name: string): string | undefined {
    for (let index = 0; index < this.fieldCount; index += 1) {
      if (this.isNamed(index, name)) return this.fieldValue(index);
    }
    return undefined;
  }

  #grow(): void {
    const grown = new Int32Array(this.#table.length * 2);
    grown.set(this.#table);
    this.#table = grown;
  }
}
