import { validateHeaderName, validateHeaderValue } from 'node:http';

/** What a field may be set to, as in Node. */
export type HeaderValue = string | number | readonly string[];

type Header = { readonly name: string; readonly value: string | readonly string[] | number };

/** Header fields in order, by name without regard to case: what Node's outgoing messages have. */
export class HeaderList {
  readonly #byKey = new Map<string, Header>();

  /** Throws as Node does for what no message may carry. */
  set(name: string, value: HeaderValue): void {
    validateHeaderName(name);
    for (const line of linesOf(value)) validateHeaderValue(name, line);
    this.#byKey.set(name.toLowerCase(), { name, value });
  }

  append(name: string, value: HeaderValue): void {
    const before = this.#byKey.get(name.toLowerCase());
    if (before === undefined) this.set(name, value);
    else this.set(before.name, [...linesOf(before.value), ...linesOf(value)]);
  }

  /** The value as it was set, whatever its type. */
  value(name: string): HeaderValue | undefined {
    return this.#byKey.get(name.toLowerCase())?.value;
  }

  /** The value as one text; the lines of a field are one list (RFC 9110 §5.3). */
  get(name: string): string | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : linesOf(value).join(', ');
  }

  has(name: string): boolean {
    return this.#byKey.has(name.toLowerCase());
  }

  remove(name: string): void {
    this.#byKey.delete(name.toLowerCase());
  }

  keys(): string[] {
    return [...this.#byKey.keys()];
  }

  names(): string[] {
    return [...this.#byKey.values()].map(({ name }) => name);
  }

  /** Complete lines of all fields that `keeps`. */
  lines(keeps: (key: string) => boolean): string {
    let lines = '';
    for (const [key, { name, value }] of this.#byKey) {
      if (!keeps(key)) continue;
      // Lines of Cookie are joined by another character than those of other fields (RFC 6265 §5.4).
      if (key === 'cookie') lines += `${name}: ${linesOf(value).join('; ')}\r\n`;
      else for (const line of linesOf(value)) lines += `${name}: ${line}\r\n`;
    }
    return lines;
  }
}

function linesOf(value: HeaderValue): string[] {
  return typeof value === 'object' ? value.map(String) : [String(value)];
}
