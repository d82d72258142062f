import { LOCATION_DEFAULTS, SERVER_DEFAULTS, SITE_DEFAULTS } from '../../server/conf/defaults.ts';
import { STREAM_DEFAULTS, STREAM_SERVER_DEFAULTS } from '../../server/conf/stream-conf.ts';

/** Texts shorter than this are repeated where they stand twice. */
const SHARED_LENGTH_MIN = 400;
const INDENT = '  ';

/** Objects that say only what differs from defaults: the name of those, and how they are known. */
const KINDS = [
  { name: 'LOCATION_DEFAULTS', defaults: LOCATION_DEFAULTS, keys: ['match', 'locations', 'root'] },
  { name: 'SERVER_DEFAULTS', defaults: SERVER_DEFAULTS, keys: ['listens', 'location', 'names'] },
  {
    name: 'SITE_DEFAULTS',
    defaults: SITE_DEFAULTS,
    keys: ['servers', 'logFormats', 'maps', 'geos'],
  },
  {
    name: 'STREAM_SERVER_DEFAULTS',
    defaults: STREAM_SERVER_DEFAULTS,
    keys: ['streamListens', 'streamContent'],
  },
  { name: 'STREAM_DEFAULTS', defaults: STREAM_DEFAULTS, keys: ['servers', 'upstreams', 'prefix'] },
] as const;

/** Writes data as TypeScript: what large values have in common is named, and written once. */
export class Printer {
  readonly #counts = new Map<object, number>();
  readonly #named = new Map<object, string>();
  /** Names of defaults that are used. */
  readonly used: Set<string> = new Set<string>();
  readonly constants: string[] = [];

  constructor(...roots: readonly unknown[]) {
    for (const root of roots) this.#count(root);
  }

  print(value: unknown, indent = ''): string {
    if (typeof value !== 'object' || value === null) return scalar(value);
    const known = this.#named.get(value);
    if (known !== undefined) return known;
    const text = this.#compound(value, indent);
    // A resolver keeps what it has found for all places that have the very same one.
    const isWorthIt = text.length >= SHARED_LENGTH_MIN || 'ipv4' in value;
    const isShared = (this.#counts.get(value) ?? 0) > 1 && isWorthIt;
    if (!isShared || value instanceof RegExp) return text;
    const name = `shared${this.#named.size + 1}`;
    this.#named.set(value, name);
    this.constants.push(`const ${name} = ${this.#compound(value, '')};`);
    return name;
  }

  #compound(value: object, indent: string): string {
    if (value instanceof RegExp) return ascii(String(value));
    if (value instanceof Map) return `new Map(${this.#list([...value], indent)})`;
    if (value instanceof Set) return `new Set(${this.#list([...value], indent)})`;
    if (value instanceof Uint8Array) return `Uint8Array.of(${[...value].join(', ')})`;
    if (Array.isArray(value)) return this.#list(value, indent);
    return this.#object(value as Record<string, unknown>, indent);
  }

  #list(values: readonly unknown[], indent: string): string {
    const inner = indent + INDENT;
    const parts = values.map((value) => this.print(value, inner));
    return wrapped('[', parts, ']', indent);
  }

  #object(value: Record<string, unknown>, indent: string): string {
    const kind = KINDS.find(({ keys }) => keys.every((key) => key in value));
    const defaults = (kind?.defaults ?? {}) as Record<string, unknown>;
    const inner = indent + INDENT;
    const parts = Object.entries(value)
      .filter(([key, one]) => !(key in defaults) || !isSame(defaults[key], one))
      .map(([key, one]) => `${keyText(key)}: ${this.print(one, inner)}`);
    if (kind === undefined) return wrapped('{', parts, '}', indent);
    this.used.add(kind.name);
    if (parts.length === 0) return kind.name;
    return wrapped('{', [`...${kind.name}`, ...parts], '}', indent);
  }

  #count(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    const count = (this.#counts.get(value) ?? 0) + 1;
    this.#counts.set(value, count);
    if (count > 1) return;
    if (value instanceof Map) for (const [key, one] of value) this.#countBoth(key, one);
    else if (value instanceof Set) for (const one of value) this.#count(one);
    else if (!(value instanceof Uint8Array))
      for (const one of Object.values(value)) this.#count(one);
  }

  #countBoth(key: unknown, value: unknown): void {
    this.#count(key);
    this.#count(value);
  }
}

function scalar(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  const quoted = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${ascii(quoted)}'`;
}

/** Texts are bytes, one to a character: a file in UTF-8 would show others. */
function ascii(text: string): string {
  return text.replace(/[\x7f-\xff]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`);
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : scalar(key);
}

const COLUMNS = 90;

/** In one line where that is short. */
function wrapped(open: string, parts: readonly string[], close: string, indent: string): string {
  if (parts.length === 0) return open + close;
  const space = open === '{' ? ' ' : '';
  const line = `${open}${space}${parts.join(', ')}${space}${close}`;
  if (line.length + indent.length <= COLUMNS && !line.includes('\n')) return line;
  const inner = `\n${indent}${INDENT}`;
  return `${open}${inner}${parts.join(`,${inner}`)},\n${indent}${close}`;
}

/** Do they say the same? What was read is made anew each time. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof RegExp || b instanceof RegExp) return String(a) === String(b);
  if (a instanceof Map && b instanceof Map) return isSame([...a], [...b]);
  const keys = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => isSame((a as never)[key], (b as never)[key]))
  );
}
