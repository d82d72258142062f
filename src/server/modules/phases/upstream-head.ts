import type { HeaderFields, RequestHead } from '../../../proxy/framework/messages.ts';
import { checkField, checkOpen } from './checked-field.ts';

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^[\x21-\x22\x24-\x7e\x80-\xff]+$/;

/** The head that is about to go up, as handlers see and change it. */
export class UpstreamHead implements RequestHead {
  readonly scheme = 'http' as const;
  readonly httpVersion: '1.0' | '1.1';
  readonly headers: HeadLines;
  #method: string;
  #target: string;

  /** `text`: the head, complete. */
  constructor(text: string) {
    const [line = '', ...lines] = text.slice(0, -4).split('\r\n');
    const [method = '', target = '', version = ''] = line.split(' ');
    this.#method = method;
    this.#target = target;
    this.httpVersion = version === 'HTTP/1.0' ? '1.0' : '1.1';
    this.headers = new HeadLines(lines);
  }

  get text(): string {
    const line = `${this.#method} ${this.#target} HTTP/${this.httpVersion}\r\n`;
    return `${line}${this.headers.text}\r\n`;
  }

  get method(): string {
    return this.#method;
  }

  set method(method: string) {
    if (!METHOD.test(method) || method === 'CONNECT')
      throw new TypeError(`'${method}' is no method`);
    this.#method = method;
  }

  get target(): string {
    return this.#target;
  }

  set target(target: string) {
    if (!TARGET.test(target)) throw new TypeError('a target has no spaces and no #');
    this.#target = target;
  }

  /** As it is written: with its escapes. */
  get path(): string {
    return this.#target.split('?', 1)[0] as string;
  }

  set path(path: string) {
    if (!path.startsWith('/')) throw new TypeError("a path begins with '/'");
    this.target = this.query === '' ? path : `${path}?${this.query}`;
  }

  get query(): string {
    const mark = this.#target.indexOf('?');
    return mark < 0 ? '' : this.#target.slice(mark + 1);
  }

  set query(query: string) {
    this.target = query === '' ? this.path : `${this.path}?${query}`;
  }

  get authority(): string {
    return this.headers.get('host') ?? '';
  }

  set authority(authority: string) {
    this.headers.set('Host', authority);
  }
}

class HeadLines implements HeaderFields {
  #fields: (readonly [name: string, value: string])[];

  constructor(lines: readonly string[]) {
    this.#fields = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    });
  }

  get text(): string {
    return this.#fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  get(name: string): string | undefined {
    return this.getAll(name)[0];
  }

  getAll(name: string): readonly string[] {
    const lower = name.toLowerCase();
    return this.#fields.filter(([one]) => one.toLowerCase() === lower).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.getAll(name).length > 0;
  }

  set(name: string, value: string): this {
    checkField(name, value);
    return this.delete(name).append(name, value);
  }

  append(name: string, value: string): this {
    checkField(name, value);
    this.#fields.push([name, value]);
    return this;
  }

  delete(name: string): this {
    checkOpen(name);
    const lower = name.toLowerCase();
    this.#fields = this.#fields.filter(([one]) => one.toLowerCase() !== lower);
    return this;
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return [...this.#fields][Symbol.iterator]();
  }
}
