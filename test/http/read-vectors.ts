import { readFileSync } from 'node:fs';

/** What a Markdown file says about one message, or several: a sentence, the input, the log. */
export type Vector = {
  readonly title: string;
  /** The words behind `http` at the top of the input. */
  readonly mode: string;
  readonly wire: Uint8Array;
  readonly log: readonly string[];
};

// The compiled file lies in `dist/test/http`; the vectors are not copied there.
const VECTORS = new URL('../../../test/vectors/', import.meta.url);
const VECTOR = /^## (.+)\n\n```http ?(.*)\n([\s\S]*?)\n```\n\n```log\n([\s\S]*?)\n```$/gm;

/** Reads a file of `test/vectors`. Throws when a heading is not followed by its two blocks. */
export function readVectors(name: string): Vector[] {
  const markdown = readFileSync(new URL(name, VECTORS), 'utf8');
  const vectors = [...markdown.matchAll(VECTOR)].map(([, title, mode, input, log]) => ({
    title: title as string,
    mode: mode as string,
    wire: wireOf(input as string),
    log: (log as string).split('\n'),
  }));
  const headings = markdown.match(/^## /gm)?.length;
  if (vectors.length !== headings) throw new Error(`${name}: a heading without its blocks`);
  return vectors;
}

/** Lines without their breaks, and what is written with a backslash as the byte that it means. */
export function wireOf(input: string): Uint8Array {
  const text = input.replaceAll('\n', '').replaceAll(/\\(x[0-9a-f]{2}|.)/g, (_, name: string) => {
    if (name.startsWith('x')) return String.fromCharCode(Number.parseInt(name.slice(1), 16));
    const char = { r: '\r', n: '\n', t: '\t', '\\': '\\' }[name];
    if (char === undefined) throw new Error(`what is \\${name}?`);
    return char;
  });
  return Buffer.from(text, 'latin1');
}
