import { CONTENT_LENGTH, HOST, isHopByHop } from './field-names.ts';
import type { MessageHead } from './message-head.ts';

/** Fields that say how a message is framed or are for one connection: the engine's alone. */
const ENGINES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Changes of one head; more are a mistake. */
export const EDITS_MAX = 1000;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** field-value (RFC 9110 §5.5), latin1: no control character but tab. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** A field that was set; never changed, so that many heads may share it. */
type Edit = {
  readonly name: string;
  readonly key: string;
  readonly value: string;
  /** The field's line. */
  readonly line: string;
};

/**
 * The fields of a received head with changes, which are kept beside it: what is untouched is
 * forwarded as the text that came. Fields that are meant for one connection alone are not shown.
 * It is as good as the head: nothing of it may be kept after the exchange.
 */
export class FieldEdits implements Iterable<readonly [name: string, value: string]> {
  #head: MessageHead;
  /** Names, in lower case, whose received fields are gone. */
  #gone: string[] | undefined;
  #added: Edit[] | undefined;

  constructor(head: MessageHead) {
    this.#head = head;
  }

  get changed(): boolean {
    return this.#gone !== undefined || this.#added !== undefined;
  }

  /** Shows the fields of a head that is the same, and nobody else's, from now on. */
  moveTo(head: MessageHead): void {
    this.#head = head;
  }

  /** Another head, whose fields are those of this one with its changes so far. */
  copy(): FieldEdits {
    const copy = new FieldEdits(this.#head);
    copy.#gone = this.#gone?.slice();
    copy.#added = this.#added?.slice();
    return copy;
  }

  get(name: string): string | undefined {
    const key = name.toLowerCase();
    if (this.#gone === undefined || !this.#gone.includes(key)) {
      const index = this.#find(key, 0);
      if (index >= 0) return this.#head.fieldValue(index);
    }
    return this.#added?.find((edit) => edit.key === key)?.value;
  }

  getAll(name: string): readonly string[] {
    const key = name.toLowerCase();
    const all: string[] = [];
    if (this.#gone === undefined || !this.#gone.includes(key)) {
      for (let i = this.#find(key, 0); i >= 0; i = this.#find(key, i + 1)) {
        all.push(this.#head.fieldValue(i));
      }
    }
    for (const edit of this.#added ?? []) if (edit.key === key) all.push(edit.value);
    return all;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Throws `TypeError` for what is no field, and for fields that are the engine's. */
  set(name: string, value: string): this {
    const edit = editOf(name, value);
    this.#remove(edit.key);
    this.#add(edit);
    return this;
  }

  append(name: string, value: string): this {
    this.#add(editOf(name, value));
    return this;
  }

  delete(name: string): this {
    const key = name.toLowerCase();
    if (!ENGINES.has(key)) this.#remove(key);
    return this;
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    const head = this.#head;
    for (let i = 0; i < head.fieldCount; i += 1) {
      if (this.#shows(i) && !this.removes(i)) yield [head.fieldName(i), head.fieldValue(i)];
    }
    for (const { name, value } of this.#added ?? []) yield [name, value];
  }

  /** For serializers: was the received field at `index` removed? */
  removes(index: number): boolean {
    const gone = this.#gone;
    if (gone === undefined) return false;
    const head = this.#head;
    for (let i = 0; i < gone.length; i += 1)
      if (head.isNamed(index, gone[i] as string)) return true;
    return false;
  }

  /** For serializers: was any field of this name set here? */
  adds(key: string): boolean {
    return this.#added?.some((edit) => edit.key === key) === true;
  }

  /** For serializers: the fields that were added, as lines, but for `Host`. */
  lines(): string {
    let lines = '';
    const added = this.#added;
    if (added === undefined) return lines;
    for (let i = 0; i < added.length; i += 1) {
      const { key, line } = added[i] as Edit;
      if (key !== 'host') lines += line;
    }
    return lines;
  }

  /** The received field of this name from `from` on, or -1. */
  #find(key: string, from: number): number {
    const head = this.#head;
    for (let i = from; i < head.fieldCount; i += 1) {
      if (head.isNamed(i, key) && this.#shows(i)) return i;
    }
    return -1;
  }

  #shows(index: number): boolean {
    const id = this.#head.fieldId(index);
    if (id === CONTENT_LENGTH || id === HOST) return true;
    return !isHopByHop(id) && !this.#head.isNominated(index);
  }

  #remove(key: string): void {
    if (this.#find(key, 0) >= 0 && this.#gone?.includes(key) !== true) {
      this.#gone ??= [];
      if (this.#gone.length === EDITS_MAX) throw new RangeError(`over ${EDITS_MAX} fields changed`);
      this.#gone.push(key);
    }
    if (this.#added?.some((edit) => edit.key === key)) {
      this.#added = this.#added.filter((edit) => edit.key !== key);
    }
  }

  #add(edit: Edit): void {
    const added = this.#added;
    // An array that grows from nothing takes room for many; most heads get one field.
    if (added === undefined) this.#added = [edit];
    else if (added.length === EDITS_MAX) throw new RangeError(`over ${EDITS_MAX} fields added`);
    else added.push(edit);
  }
}

/** The last edit of each name: handlers set the same fields again and again, often to the same. */
const LAST = new Map<string, Edit>();
const LAST_MAX = 256;
/** Longer values are not kept for the next one. */
const LAST_LENGTH_MAX = 256;

/** A checked field. Throws `TypeError` for what is none, and for those that are the engine's. */
function editOf(name: string, given: string): Edit {
  const value = typeof given === 'string' ? given : textOf(name, given);
  const last = LAST.get(name);
  if (last !== undefined && last.value === value) return last;
  if (!VALUE.test(value))
    throw new TypeError(`the value of '${name}' has a character that no field may have`);
  const key = last?.key ?? keyOf(name);
  const edit = { name, key, value, line: `${name}: ${value}\r\n` };
  const isKept = value.length <= LAST_LENGTH_MAX && (last !== undefined || LAST.size < LAST_MAX);
  if (isKept) LAST.set(name, edit);
  return edit;
}

/** Whatever else is turned into text would say `undefined`, or one thing now and another later. */
function textOf(name: string, given: unknown): string {
  if (typeof given === 'number') return String(given);
  throw new TypeError(
    `the value of '${name}' is no text, but ${given === null ? null : typeof given}`,
  );
}

function keyOf(name: string): string {
  if (!TOKEN.test(name)) throw new TypeError(`'${name}' is no field name`);
  const key = name.toLowerCase();
  if (ENGINES.has(key))
    throw new TypeError(`'${name}' is set by the engine, which frames messages`);
  return key;
}
