import type { Place } from '../conf/script.ts';
import type { Request } from './request.ts';

/** What variables are evaluated for: a request of `http`, or a session of `stream`. */
export interface Evaluated {
  /** What is kept for it, by slot. */
  readonly values: (string | undefined)[];
  /** Of the last regular expression that matched. */
  captures: RegExpExecArray | undefined;
}

/** What a variable is for a request; `undefined` where it has no value (a log says `-`). */
export type Getter<Of = Request> = (request: Of) => string | undefined;

/** A variable that modules bring: its getter, and a setter where `set` may change it. */
export type Variable<Of = Request> = {
  readonly get: Getter<Of>;
  readonly set?: (request: Of, value: string) => void;
  /** No value of it has a character that a log would escape. */
  readonly isPlain?: true;
};

/** A variable whose values are of letters, digits and what no log escapes. */
export function plain<Of = Request>(get: Getter<Of>): Variable<Of> {
  return { get, isPlain: true };
}

/** Variables by name. */
export type VariableTable<Of = Request> = Readonly<Record<string, Variable<Of> | Getter<Of>>>;

/** Variables of a whole family: gets what stands behind the prefix, and makes the getter. */
export type FamilyTable<Of = Request> = Readonly<Record<string, (rest: string) => Getter<Of>>>;

/** A variable that is used and that nobody knows. */
export class UnknownVariable extends Error {
  readonly variable: string;

  constructor(variable: string) {
    super(`unknown "${variable}" variable`);
    this.variable = variable;
  }
}

/** `set` of a variable that is what it is. */
export class DuplicateVariable extends Error {
  constructor(variable: string, place: Place | undefined) {
    const where = place === undefined ? '' : ` in ${place.file}:${place.line}`;
    super(`the duplicate "${variable}" variable${where}`);
  }
}

/** All variables of a site: those that modules bring, and those that its configuration makes. */
export class Variables<Of extends Evaluated = Request> {
  readonly #known = new Map<string, Variable<Of>>();
  readonly #families = new Map<string, (rest: string) => Getter<Of>>();
  /** Looked for before they were made. */
  readonly #awaited = new Set<string>();
  #isSettled = false;
  /** How many values a request keeps: of `set`, and of what is looked up once. */
  slots = 0;
  /** Names that somebody wants to know the values of. */
  readonly used: Set<string> = new Set<string>();
  /** Where what named groups have captured is kept. */
  readonly captureSlots: Map<string, number> = new Map<string, number>();

  add(table: VariableTable<Of>): void {
    for (const [name, variable] of Object.entries(table)) {
      this.define(name, typeof variable === 'function' ? { get: variable } : variable);
    }
  }

  addFamilies(table: FamilyTable<Of>): void {
    for (const [prefix, make] of Object.entries(table)) this.#families.set(prefix, make);
  }

  define(name: string, variable: Variable<Of>): void {
    this.#known.set(name, variable);
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** A variable that `set` makes: it exists everywhere, and is empty where nobody has set it. */
  defineSettable(name: string): Variable<Of> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const slot = this.newSlot();
    // Of a family it is what it is, where nobody has set it.
    const family = this.#ofFamily(name);
    const variable: Variable<Of> = {
      get:
        family === undefined
          ? (request) => request.values[slot] ?? ''
          : (request) => request.values[slot] ?? family.get(request),
      set: (request, value) => {
        request.values[slot] = value;
      },
    };
    this.#known.set(name, variable);
    return variable;
  }

  /** The getter looks once per request: what it found is kept. */
  defineOnce(name: string, get: Getter<Of>): void {
    const slot = this.newSlot();
    this.define(name, {
      get: (request) => {
        request.values[slot] ??= get(request);
        return request.values[slot];
      },
    });
  }

  /**
   * A variable that is computed, and that `set` may overrule. Unless it is volatile, its value is
   * kept for the request. Throws `DuplicateVariable` for one that is something else already.
   */
  defineComputed(name: string, volatile: boolean, get: Getter<Of>, place?: Place): void {
    const known = this.#known.get(name);
    const isFixed = known !== undefined && known.set === undefined;
    if (isFixed && !this.captureSlots.has(name)) throw new DuplicateVariable(name, place);
    const slot = this.newSlot();
    const set = (of: Of, value: string): void => {
      of.values[slot] = value;
    };
    const kept = (of: Of): string | undefined => {
      of.values[slot] ??= get(of);
      return of.values[slot];
    };
    const overruled = (of: Of): string | undefined => of.values[slot] ?? get(of);
    this.define(name, { get: volatile ? overruled : kept, set });
  }

  /** What a group `(?<name>…)` of some regular expression has captured last, or `set` has said since. */
  defineCapture(name: string): void {
    if (this.#known.has(name)) return;
    const slot = this.newSlot();
    this.captureSlots.set(name, slot);
    const set = (of: Of, value: string): void => {
      of.values[slot] = value;
    };
    this.#known.set(name, { get: ({ values }) => values[slot], set });
  }

  /** Keeps what a regular expression has captured, by number and by name. */
  keepCaptured(of: Evaluated, captures: RegExpExecArray): void {
    of.captures = captures;
    const { groups } = captures;
    if (groups === undefined) return;
    for (const name of Object.keys(groups)) {
      const slot = this.captureSlots.get(name);
      if (slot !== undefined) of.values[slot] = groups[name];
    }
  }

  /** A place among the values of a request. */
  newSlot(): number {
    this.slots += 1;
    return this.slots - 1;
  }

  /**
   * A variable that may be made later, until `settle`: the order of a configuration's parts does not
   * matter. After that, throws `UnknownVariable`.
   */
  find(name: string): Variable<Of> {
    this.used.add(name);
    const known = this.#known.get(name) ?? this.#ofFamily(name);
    if (known !== undefined) return known;
    if (this.#isSettled) throw new UnknownVariable(name);
    const awaited: Variable<Of> = {
      get: (of) => this.#known.get(name)?.get(of),
      set: (of, value) => this.#known.get(name)?.set?.(of, value),
    };
    this.#awaited.add(name);
    return awaited;
  }

  /** All variables are made. Throws `UnknownVariable` for one that is used and was not. */
  settle(): void {
    this.#isSettled = true;
    for (const name of this.#awaited) this.find(name);
  }

  #ofFamily(name: string): Variable<Of> | undefined {
    if (/^[1-9]$/.test(name)) {
      const index = Number(name);
      return { get: ({ captures }) => captures?.[index] };
    }
    for (const [prefix, make] of this.#families) {
      if (!name.startsWith(prefix) || (name.length === prefix.length && prefix !== 'arg_'))
        continue;
      const variable = { get: make(name.slice(prefix.length)) };
      this.#known.set(name, variable);
      return variable;
    }
    return undefined;
  }
}
