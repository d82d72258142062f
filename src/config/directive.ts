import type { Template } from '../server/conf/template.ts';
import { ConfigError, type Position } from './config-error.ts';
import type { Settings } from './program-conf.ts';
import type { ConfigReader } from './reader.ts';
import { regexOf } from './regex.ts';
import { type ContextName, Scope } from './scope.ts';
import type { DirectiveNode } from './syntax.ts';
import { templateOf } from './templates.ts';
import { numberOf, secondsOf, sizeOf, timeOf } from './values.ts';

/** How many arguments a directive has: so many, from and to, or one that is `on` or `off`. */
export type Arity = number | readonly [number, number] | 'flag';

/** Any number of arguments from the first one on. */
export const MANY: number = Number.MAX_SAFE_INTEGER;

/** One directive: where it may stand, what it takes, and what it means. */
export type DirectiveRow = {
  readonly contexts: readonly ContextName[];
  readonly args: Arity;
  /** It opens a block. */
  readonly block?: true;
  /** As nginx's documentation prints it. */
  readonly default?: string;
  /** How far it is supported, where that is not fully. */
  readonly support?: 'partly' | 'no effect' | 'not yet';
  readonly note?: string;
  readonly read: (use: Use) => void;
};

/** Directives of one module, by name. */
export type DirectiveTable = Readonly<Record<string, DirectiveRow | readonly DirectiveRow[]>>;

/** Keys of settings with a value of this type. */
type KeysOf<Value> = {
  [Key in keyof Settings]-?: Value extends Settings[Key] ? Key : never;
}[keyof Settings];

/** One directive as it is used at one place. */
export class Use {
  readonly node: DirectiveNode;
  readonly scope: Scope;
  readonly reader: ConfigReader;

  constructor(node: DirectiveNode, scope: Scope, reader: ConfigReader) {
    this.node = node;
    this.scope = scope;
    this.reader = reader;
  }

  get name(): string {
    return this.node.name;
  }

  get args(): readonly string[] {
    return this.node.args;
  }

  get position(): Position {
    return this.node.position;
  }

  /** The first argument. */
  get first(): string {
    return this.node.args[0] ?? '';
  }

  fail(what: string, hint?: string): never {
    throw new ConfigError(what, this.position, hint);
  }

  /** Nginx's words for a value that is none. */
  failValue(): never {
    this.fail(`"${this.name}" directive invalid value`);
  }

  warn(what: string): void {
    this.reader.warn(`${what} in ${this.position.file}:${this.position.line}`);
  }

  /** Sets what inner blocks inherit. A second time in one block is a mistake. */
  set<Key extends keyof Settings>(key: Key, value: Settings[Key]): void {
    if (key in this.scope.values) this.failDuplicate();
    this.scope.values[key] = value;
  }

  /** Sets what is for this block alone. */
  setOwn<Key extends keyof Settings>(key: Key, value: Settings[Key]): void {
    if (key in this.scope.own) this.failDuplicate();
    this.scope.own[key] = value;
  }

  /** Adds to a list; one entry hides the whole list of outer blocks. */
  append<Key extends keyof Settings>(
    key: Key,
    ...values: Settings[Key] extends readonly (infer One)[] ? One[] : never
  ): void {
    const list = (this.scope.values[key] as unknown[] | undefined) ?? [];
    this.scope.values[key] = [...list, ...values];
  }

  failDuplicate(): never {
    this.fail(`"${this.name}" directive is duplicate`);
  }

  flag(): boolean {
    const value = this.first.toLowerCase();
    if (value === 'on') return true;
    if (value === 'off') return false;
    return this.fail(
      `invalid value "${this.first}" in "${this.name}" directive, it must be "on" or "off"`,
    );
  }

  template(text: string = this.first): Template {
    return templateOf(text, this.position);
  }

  regex(pattern: string, ignoreCase = false): RegExp {
    const regex = regexOf(pattern, ignoreCase, this.position);
    for (const [, name = ''] of regex.source.matchAll(/\(\?<(\w+)>/g))
      this.reader.captureNames.add(name);
    return regex;
  }

  number(text: string = this.first): number {
    return numberOf(text) ?? this.fail(`"${this.name}" directive invalid number`);
  }

  size(text: string = this.first): number {
    return sizeOf(text) ?? this.failValue();
  }

  /** Also in gigabytes. */
  offset(text: string = this.first): number {
    return sizeOf(text, true) ?? this.failValue();
  }

  /** Milliseconds. */
  time(text: string = this.first): number {
    return timeOf(text) ?? this.failValue();
  }

  /** Whole seconds, as milliseconds. */
  seconds(text: string = this.first): number {
    const seconds = secondsOf(text) ?? this.failValue();
    return seconds * 1000;
  }

  oneOf<Word extends string>(...words: readonly Word[]): Word {
    const found = words.find((word) => word === this.first);
    return found ?? this.fail(`invalid value "${this.first}"`);
  }

  /** The same for a block that has to be known while it is read: `part` says what it is. */
  locationBlock(name: string, part: unknown): Scope {
    const scope = new Scope('location', this.scope, this.position);
    scope.parts.set(name, part);
    this.reader.readAll(this.node.block ?? [], scope);
    return scope;
  }

  /** Reads the block into a scope of its own. */
  block(context: ContextName): Scope {
    const scope = new Scope(context, this.scope, this.position);
    this.reader.readAll(this.node.block ?? [], scope);
    return scope;
  }
}

// What most directives are: one value of one kind, under one key.

export function flag(key: KeysOf<boolean>): DirectiveRow['read'] {
  return (use) => use.set(key, use.flag() as never);
}

export function size(key: KeysOf<number>): DirectiveRow['read'] {
  return (use) => use.set(key, use.size() as never);
}

export function offset(key: KeysOf<number>): DirectiveRow['read'] {
  return (use) => use.set(key, use.offset() as never);
}

export function time(key: KeysOf<number>): DirectiveRow['read'] {
  return (use) => use.set(key, use.time() as never);
}

export function seconds(key: KeysOf<number>): DirectiveRow['read'] {
  return (use) => use.set(key, use.seconds() as never);
}

export function count(key: KeysOf<number>): DirectiveRow['read'] {
  return (use) => use.set(key, use.number() as never);
}

export function text(key: KeysOf<string>): DirectiveRow['read'] {
  return (use) => use.set(key, use.first as never);
}

/** With variables in it. */
export function template(key: KeysOf<Template>): DirectiveRow['read'] {
  return (use) => use.set(key, use.template() as never);
}

export function words(key: KeysOf<readonly string[]>): DirectiveRow['read'] {
  return (use) => use.set(key, use.args as never);
}

export function choice<Key extends keyof Settings>(
  key: Key,
  ...allowed: readonly (Settings[Key] & string)[]
): DirectiveRow['read'] {
  return (use) => use.set(key, use.oneOf(...allowed) as Settings[Key]);
}

/** Taken, and of no effect: what it tunes is not there. */
export const ignored: DirectiveRow['read'] = () => {};
