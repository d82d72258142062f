import { readVectors } from './read-vectors.ts';

/** Numbers from 0 up to 1 from a seed (mulberry32): the same seed, the same input. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What parsers have disagreed about. */
const PIECES: readonly string[] = [
  ...['\r', '\n', '\r\n', '\r\r\n', '\n\n', '\t', ' ', '\0', '\x0b', '\x7f', '\x80', '\xa0', '"'],
  ...[
    ';',
    ':',
    ',',
    '+',
    '-',
    '_',
    '#',
    '%',
    '\\',
    '0',
    '1',
    '5',
    'a',
    'F',
    '0x',
    '\r\n ',
    '=',
    '*',
  ],
  ...['Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'content-length:+3\r\n'],
  ...[
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: identity\r\n',
    'Host: b\r\n',
    'Host:\r\n',
  ],
  ...[
    'Connection: close\r\n',
    'Connection: keep-alive\r\n',
    'Expect: 100-continue\r\n',
    '0\r\n\r\n',
  ],
  ...[
    'chunked',
    ', chunked',
    '5\r\nhello\r\n',
    'GET / HTTP/1.1\r\nHost: c\r\n\r\n',
    'HTTP/1.0',
    ';a="b"',
  ],
  ...[
    'Upgrade: x\r\n',
    'Connection: upgrade\r\n',
    'Proxy-Connection: close\r\n',
    'Proxy-Connection: keep-alive\r\n',
    'Connection: x, close\r\n',
    'Trailer: content-length\r\n',
    'Content-Length: 5 \t\r\n',
    '204',
    'http://c/',
    'HEAD ',
    'CONNECT ',
    ';a="\\"',
    '\r\n\r\n',
  ],
];

/** Inputs made from the vectors of `file` by a few random changes each. */
export class Mutations {
  readonly #seeds: string[] = [];
  /** Those that are not refused: what is made from them has the better chance to be accepted. */
  readonly #valid: string[] = [];

  constructor(file: string) {
    for (const { wire, log } of readVectors(file)) {
      const text = Buffer.from(wire).toString('latin1');
      this.#seeds.push(text);
      if (log.at(-1) === 'end') this.#valid.push(text);
    }
  }

  /** The input number `seed`. */
  wire(seed: number): Uint8Array {
    const random = randomFrom(seed);
    const below = (bound: number) => Math.floor(random() * bound);
    const start = below(4) > 0 ? this.#valid : this.#seeds;
    let text = start[below(start.length)] as string;
    for (let left = 1 + below(3); left > 0; left -= 1) {
      const at = below(text.length + 1);
      const to = Math.min(text.length, at + 1 + below(4));
      const piece = PIECES[below(PIECES.length)] as string;
      const other = this.#seeds[below(this.#seeds.length)] as string;
      text = [
        () => text.slice(0, at) + piece + text.slice(at),
        () => text.slice(0, at) + piece + text.slice(to),
        () => text.slice(0, at) + text.slice(to),
        () => text.slice(0, to) + text.slice(at),
        () => text.slice(0, at) + other.slice(below(other.length)),
        () => text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1),
        () => insertLine(text, piece, below),
      ][below(7)]?.() as string;
    }
    return Buffer.from(text, 'latin1');
  }
}

function insertLine(text: string, piece: string, below: (bound: number) => number): string {
  const lines = text.split('\r\n');
  lines.splice(below(lines.length), below(2), piece.replace(/\r\n$/, ''));
  return lines.join('\r\n');
}
