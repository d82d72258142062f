import { Buffer } from 'node:buffer';
import type { CharsetMap } from '../../conf/charset-conf.ts';

/** Recodes a text that comes in pieces; all is latin1 text of bytes. */
export interface Recoder {
  take(text: string): string;
  /** There is no more. */
  end(): string;
}

/** Makes recoders from one set of characters to another. */
export type RecoderFactory = {
  readonly make: () => Recoder;
  /** The length stays as it is. */
  readonly keepsLength: boolean;
};

const BYTES = 256;
const ASCII = 128;

/** All ways between two sets that maps describe, by `from to`, both in lower case. */
export function recodersOf(maps: readonly CharsetMap[]): ReadonlyMap<string, RecoderFactory> {
  const factories = new Map<string, RecoderFactory>();
  for (const map of maps) {
    const isWide = map.target === 'utf-8';
    const forth = tableOf(map.characters);
    const back = isWide ? undefined : tableOf(map.characters.map(reversed));
    const keepsLength = !isWide;
    const make = (): Recoder => new TableRecoder(forth);
    factories.set(`${map.source} ${map.target}`, { make, keepsLength });
    factories.set(`${map.target} ${map.source}`, {
      make: back === undefined ? wideFactory(map) : () => new TableRecoder(back),
      keepsLength,
    });
  }
  return factories;
}

function reversed([byte, text]: readonly [number, string]): [number, string] {
  return [text.charCodeAt(0), String.fromCharCode(byte)];
}

/** What a byte becomes; a question mark where nobody has said. */
function tableOf(characters: CharsetMap['characters']): readonly string[] {
  const table = Array.from({ length: BYTES }, (_, byte) =>
    byte < ASCII ? String.fromCharCode(byte) : '?',
  );
  for (const [byte, text] of characters) table[byte] = text;
  return table;
}

class TableRecoder implements Recoder {
  readonly #table: readonly string[];

  constructor(table: readonly string[]) {
    this.#table = table;
  }

  take(text: string): string {
    let made = '';
    for (let at = 0; at < text.length; at += 1) made += this.#table[text.charCodeAt(at)];
    return made;
  }

  end(): string {
    return '';
  }
}

function wideFactory({ characters }: CharsetMap): () => Recoder {
  const bytes = new Map<string, string>();
  for (const [byte, text] of characters) bytes.set(text, String.fromCharCode(byte));
  return () => new FromUtf8(bytes);
}

/** One character of UTF-8 (RFC 3629 §4), or a byte that belongs to none. */
const CHARACTER =
  /[\0-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\s\S]/g;
/** The beginning of one. */
const OPEN = /(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})$/;

class FromUtf8 implements Recoder {
  readonly #bytes: ReadonlyMap<string, string>;
  #carry = '';

  constructor(bytes: ReadonlyMap<string, string>) {
    this.#bytes = bytes;
  }

  take(piece: string): string {
    const text = this.#carry + piece;
    const open = OPEN.exec(text);
    const end = open === null ? text.length : open.index;
    this.#carry = text.slice(end);
    return text.slice(0, end).replace(CHARACTER, (character) => this.#recoded(character));
  }

  end(): string {
    const rest = this.#carry;
    this.#carry = '';
    return '?'.repeat(rest.length);
  }

  /** What the set does not have is written as HTML can say it. */
  #recoded(character: string): string {
    const known = this.#bytes.get(character);
    if (known !== undefined) return known;
    if (character.length === 1) return character < '\x80' ? character : '?';
    const code = Buffer.from(character, 'latin1').toString('utf8').codePointAt(0);
    return `&#${code};`;
  }
}
