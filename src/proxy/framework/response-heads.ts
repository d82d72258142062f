import { FieldEdits } from '../../http/field-edits.ts';
import { MessageHead } from '../../http/message-head.ts';
import { withoutBlanks } from '../../http/optional-white-space.ts';
import type { HeaderFields, Reply, ResponseHead } from './messages.ts';
import { fieldsOf } from './reply-fields.ts';

const STATUS_MIN = 200;
const STATUS_MAX = 599;
/** reason-phrase (RFC 9112 §4): tabs, spaces and visible characters. */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;
/** They speak of a body that is not the one that goes out. */
const OF_THE_OLD_BODY = [
  'accept-ranges',
  'content-md5',
  'content-digest',
  'digest',
  'repr-digest',
] as const;

/** A response head with changes, which are kept beside it; valid as long as the head. */
export class ReceivedResponse implements ResponseHead {
  #headers: FieldEdits | undefined;
  #head: MessageHead;
  #status: number;
  #reason: string | undefined;

  constructor(head: MessageHead) {
    this.#head = head;
    this.#status = head.status;
  }

  get headers(): FieldEdits {
    this.#headers ??= new FieldEdits(this.#head);
    return this.#headers;
  }

  get status(): number {
    return this.#status;
  }

  set status(status: number) {
    checkStatus(status);
    this.#status = status;
  }

  get reason(): string | undefined {
    return this.#reason ?? (this.#status === this.#head.status ? this.#head.reason : undefined);
  }

  set reason(reason: string | undefined) {
    checkReason(reason);
    this.#reason = reason;
  }

  /** The reason, where somebody has set it. */
  get ownReason(): string | undefined {
    return this.#reason;
  }

  get changed(): boolean {
    if (this.#headers?.changed === true || this.#reason !== undefined) return true;
    return this.#status !== this.#head.status;
  }

  /** The exchange is over, and `head` will be another's; who may still read of it has a copy. */
  leave(head: MessageHead, isKept: boolean): void {
    this.#head = isKept ? head.copy() : NO_FIELDS;
    this.#headers?.moveTo(this.#head);
  }
}

/** The body will be another one: what was said of the old one goes, and a strong tag is weak. */
export function bodyChanges(headers: FieldEdits): void {
  for (const name of OF_THE_OLD_BODY) if (headers.has(name)) headers.delete(name);
  const tag = headers.get('etag');
  if (tag?.startsWith('"')) headers.set('ETag', `W/${tag}`);
}

/** Has a response with this status no body, whatever its fields say (RFC 9110 §6.4.1)? */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

/** A reply's head, as response filters see and change it. */
export class ReplyHead implements ResponseHead {
  readonly headers: FieldEdits = new FieldEdits(NO_FIELDS);
  #status: number;
  #reason: string | undefined;

  constructor(reply: Reply) {
    if (typeof reply !== 'object' || reply === null) {
      const what = reply === null ? 'null' : `a ${typeof reply}`;
      throw new TypeError(`a reply is an object with a status, and not ${what}`);
    }
    const { status, headers } = reply;
    checkStatus(status);
    this.#status = status;
    for (const [name, value] of fieldsOf(headers ?? {})) {
      if (name.toLowerCase() !== 'content-length') this.headers.append(name, value);
    }
  }

  get status(): number {
    return this.#status;
  }

  set status(status: number) {
    checkStatus(status);
    this.#status = status;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  set reason(reason: string | undefined) {
    checkReason(reason);
    this.#reason = reason;
  }
}

const NO_FIELDS = new MessageHead();

function checkReason(reason: string | undefined): void {
  if (reason !== undefined && !REASON.test(reason)) throw new TypeError('no reason phrase');
}

function checkStatus(status: number): void {
  if (Number.isInteger(status) && status >= STATUS_MIN && status <= STATUS_MAX) return;
  throw new RangeError(`${status} is no status of a final response`);
}

/** A response head that went out, for logs: its fields are read when somebody asks. */
export class SentResponse implements Readonly<ResponseHead> {
  readonly status: number;
  readonly #text: string;
  #headers: SentFields | undefined;

  constructor(status: number, text: string) {
    this.status = status;
    this.#text = text;
  }

  get reason(): string {
    return /^HTTP\/1\.1 \d+ (.*)\r\n/.exec(this.#text)?.[1] ?? '';
  }

  get headers(): HeaderFields {
    this.#headers ??= new SentFields(this.#text);
    return this.#headers;
  }
}

/** The fields of a head that is out of reach. */
class SentFields implements HeaderFields {
  readonly #fields: (readonly [name: string, value: string])[] = [];

  constructor(text: string) {
    for (const line of text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n').slice(1)) {
      const colon = line.indexOf(':');
      this.#fields.push([line.slice(0, colon), withoutBlanks(line.slice(colon + 1))]);
    }
  }

  get(name: string): string | undefined {
    return this.getAll(name)[0];
  }

  getAll(name: string): readonly string[] {
    const key = name.toLowerCase();
    return this.#fields.filter(([own]) => own.toLowerCase() === key).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.getAll(name).length > 0;
  }

  set(): never {
    throw new TypeError('the head has been sent');
  }

  append(): never {
    throw new TypeError('the head has been sent');
  }

  delete(): never {
    throw new TypeError('the head has been sent');
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#fields[Symbol.iterator]();
  }
}
