import type { Request } from './request.ts';

/** What a variable is for a request; `undefined` where it has no value (a log says `-`). */
export type Getter = (request: Request) => string | undefined;

/** A variable that modules bring: its getter, and a setter where `set` may change it. */
export type Variable = {
  readonly get: Getter;
  readonly set?: (request: Request, value: string) => void;
};

/** Variables by name. */
export type VariableTable = Readonly<Record<string, Variable | Getter>>;

/** Variables of a whole family: gets what stands behind the prefix, and makes the getter. */
export type FamilyTable = Readonly<Record<string, (rest: string) => Getter>>;

/** A variable that is used and that nobody knows. */
export class UnknownVariable extends Error {
  readonly variable: string;

  constructor(variable: string) {
    super(`unknown "${variable}" variable`);
    this.variable = variable;
  }
}

/** All variables of a site: those that modules bring, and those that its configuration makes. */
export class Variables {
  readonly #known = new Map<string, Variable>();
  readonly #families = new Map<string, (rest: string) => Getter>();
  /** How many values a request keeps: of `set`, and of what is looked up once. */
  slots = 0;
  /** Where what named groups have captured is kept. */
  readonly captureSlots: Map<string, number> = new Map<string, number>();

  add(table: VariableTable): void {
    for (const [name, variable] of Object.entries(table)) {
      this.define(name, typeof variable === 'function' ? { get: variable } : variable);
    }
  }

  addFamilies(table: FamilyTable): void {
    for (const [prefix, make] of Object.entries(table)) this.#families.set(prefix, make);
  }

  define(name: string, variable: Variable): void {
    this.#known.set(name, variable);
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** A variable that `set` makes: it exists everywhere, and is empty where nobody has set it. */
  defineSettable(name: string): Variable {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const slot = this.newSlot();
    const variable: Variable = {
      get: (request) => request.values[slot] ?? '',
      set: (request, value) => {
        request.values[slot] = value;
      },
    };
    this.#known.set(name, variable);
    return variable;
  }

  /** The getter looks once per request: what it found is kept. */
  defineOnce(name: string, get: Getter): void {
    const slot = this.newSlot();
    this.define(name, {
      get: (request) => {
        request.values[slot] ??= get(request);
        return request.values[slot];
      },
    });
  }

  /** What a group `(?<name>…)` of some regular expression has captured last. */
  defineCapture(name: string): void {
    if (this.#known.has(name)) return;
    const slot = this.newSlot();
    this.captureSlots.set(name, slot);
    this.#known.set(name, { get: ({ values }) => values[slot] });
  }

  /** A place among the values of a request. */
  newSlot(): number {
    this.slots += 1;
    return this.slots - 1;
  }

  /** Throws `UnknownVariable`. */
  find(name: string): Variable {
    const known = this.#known.get(name) ?? this.#ofFamily(name);
    if (known === undefined) throw new UnknownVariable(name);
    return known;
  }

  #ofFamily(name: string): Variable | undefined {
    if (/^[1-9]$/.test(name)) {
      const index = Number(name);
      return { get: ({ captures }) => captures?.[index] };
    }
    for (const [prefix, make] of this.#families) {
      if (!name.startsWith(prefix) || name.length === prefix.length) continue;
      const variable = { get: make(name.slice(prefix.length)) };
      this.#known.set(name, variable);
      return variable;
    }
    return undefined;
  }
}
