/** What is searched for, and what stands there instead: asked for when it is first needed. */
export type Replacement = { readonly search: string; readonly text: () => string };

/**
 * Replaces texts in a body that comes in pieces. Of several that are found at one place, the one that
 * was named first is meant. What may be the beginning of one is kept until more is known.
 */
export class Replacer {
  readonly #once: boolean;
  #left: readonly Replacement[];
  #regex: RegExp;
  #longest: number;
  readonly #texts = new Map<Replacement, string>();
  #carry = '';

  /** `once`: each is replaced where it is found first. Searches are in lower case. */
  constructor(replacements: readonly Replacement[], once: boolean) {
    this.#left = replacements;
    this.#once = once;
    this.#regex = regexOf(replacements);
    this.#longest = longest(replacements);
  }

  /** What can be passed on of what has come so far. */
  take(piece: string): string {
    if (this.#left.length === 0) return piece;
    const text = this.#carry + piece;
    this.#carry = '';
    let made = '';
    let at = 0;
    for (;;) {
      this.#regex.lastIndex = at;
      const match = this.#left.length === 0 ? null : this.#regex.exec(text);
      const found = match === null ? -1 : match.slice(1).findIndex((group) => group !== undefined);
      const start = match?.index ?? text.length;
      const kept = this.#openAt(text, at, start, found);
      if (kept < text.length) {
        this.#carry = text.slice(kept);
        return made + text.slice(at, kept);
      }
      if (match === null) return made + text.slice(at);
      made += text.slice(at, start) + this.#replace(found);
      at = start + match[0].length;
    }
  }

  /** There is no more: what was kept is text. */
  end(): string {
    const rest = this.#carry;
    this.#carry = '';
    return rest;
  }

  #replace(index: number): string {
    const replacement = this.#left[index] as Replacement;
    let text = this.#texts.get(replacement);
    if (text === undefined) {
      text = replacement.text();
      this.#texts.set(replacement, text);
    }
    if (this.#once) {
      this.#left = this.#left.filter((one) => one !== replacement);
      this.#regex = regexOf(this.#left);
      this.#longest = longest(this.#left);
    }
    return text;
  }

  /**
   * Where the first text begins that the end cuts off and that comes before what was found at
   * `start`, or is meant rather than that one; the length of `text` where there is none.
   */
  #openAt(text: string, from: number, start: number, found: number): number {
    const first = Math.max(from, text.length - this.#longest + 1);
    for (let at = first; at < text.length && at <= start; at += 1) {
      const rest = lowered(text.slice(at));
      const open = this.#left.findIndex(
        ({ search }) => search.length > rest.length && search.startsWith(rest),
      );
      if (open >= 0 && (at < start || open < found)) return at;
    }
    return text.length;
  }
}

function longest(replacements: readonly Replacement[]): number {
  return Math.max(0, ...replacements.map(({ search }) => search.length));
}

/** Letters of ASCII in any case; a group for each text, in order. */
function regexOf(replacements: readonly Replacement[]): RegExp {
  const groups = replacements.map(({ search }) => {
    const source = search.replace(/[a-z]|[\\^$.*+?()[\]{}|/-]/g, (char) =>
      /[a-z]/.test(char) ? `[${char}${char.toUpperCase()}]` : `\\${char}`,
    );
    return `(${source})`;
  });
  return new RegExp(groups.join('|'), 'g');
}

function lowered(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
