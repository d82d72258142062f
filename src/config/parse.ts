import { ConfigError, type Position } from './config-error.ts';
import { Lexer } from './lexer.ts';
import type { SourceFile, Sources, SyntaxNode } from './syntax.ts';

/** Files that include files, one in the other: deeper is taken for a circle. */
export const INCLUDE_DEPTH_MAX: number = 50;

const GLOB = /[*?[]/;

/** A configuration as it is written, included files in their places. */
export type ParsedConfig = {
  readonly nodes: readonly SyntaxNode[];
  /** Each file once, in the order of first use. */
  readonly files: readonly SourceFile[];
};

/** Reads a configuration. What is wrong stands in the tree, at its place. */
export class ConfigParser {
  readonly #sources: Sources;
  readonly #directory: string;
  readonly #files = new Map<string, string>();
  #lexer: Lexer = new Lexer('', '');
  #depth = 0;

  /** `directory`: where relative names of included files begin; it ends with a slash. */
  constructor(sources: Sources, directory: string) {
    this.#sources = sources;
    this.#directory = directory;
  }

  parseFile(path: string): ParsedConfig {
    let nodes: readonly SyntaxNode[];
    try {
      nodes = this.#file(path);
    } catch (error) {
      nodes = [{ kind: 'broken', error: cannotOpen(path, error, undefined) }];
    }
    return { nodes, files: this.files };
  }

  /** A text that is in no file: what `-g` says. */
  parseText(name: string, text: string): readonly SyntaxNode[] {
    return this.#parse(new Lexer(name, text));
  }

  get files(): readonly SourceFile[] {
    return [...this.#files].map(([path, text]) => ({ path, text }));
  }

  #file(path: string): readonly SyntaxNode[] {
    const text = this.#files.get(path) ?? this.#sources.read(path);
    this.#files.set(path, text);
    return this.#parse(new Lexer(path, text));
  }

  #parse(lexer: Lexer): readonly SyntaxNode[] {
    const outer = this.#lexer;
    this.#lexer = lexer;
    const nodes = this.#nodes(false);
    this.#lexer = outer;
    return nodes;
  }

  /** Directives up to the end of the block, or of the file. */
  #nodes(inBlock: boolean): readonly SyntaxNode[] {
    const nodes: SyntaxNode[] = [];
    try {
      while (this.#directive(nodes, inBlock));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      nodes.push({ kind: 'broken', error });
    }
    return nodes;
  }

  /** `false`: there is none any more. */
  #directive(nodes: SyntaxNode[], inBlock: boolean): boolean {
    const words: string[] = [];
    const quoted: boolean[] = [];
    for (;;) {
      const token = this.#lexer.next();
      const { position } = token;
      if (token.kind === 'word') {
        words.push(token.text);
        quoted.push(token.quoted);
        continue;
      }
      const [name, ...args] = words;
      if (token.kind === 'end') return this.#end(name, inBlock, position);
      if (token.kind === '}') {
        if (name === undefined && inBlock) return false;
        throw new ConfigError('unexpected "}"', position);
      }
      if (name === undefined) throw new ConfigError(`unexpected "${token.kind}"`, position);
      if (token.kind === ';' && name === 'include') this.#include(nodes, args, position);
      else {
        const block = token.kind === '{' ? this.#nodes(true) : undefined;
        nodes.push({ kind: 'directive', name, args, quoted, block, position });
        if (block?.at(-1)?.kind === 'broken') return false; // Nothing behind it was read.
      }
      return true;
    }
  }

  #end(name: string | undefined, inBlock: boolean, position: Position): false {
    if (name !== undefined) {
      throw new ConfigError('unexpected end of file, expecting ";" or "}"', position);
    }
    if (inBlock) throw new ConfigError('unexpected end of file, expecting "}"', position);
    return false;
  }

  #include(nodes: SyntaxNode[], args: readonly string[], position: Position): void {
    const [name, ...more] = args;
    if (name === undefined || more.length > 0) {
      throw new ConfigError('invalid number of arguments in "include" directive', position);
    }
    if (this.#depth === INCLUDE_DEPTH_MAX) {
      throw new ConfigError(`over ${INCLUDE_DEPTH_MAX} files include one another`, position);
    }
    const path = name.startsWith('/') ? name : this.#directory + name;
    this.#depth += 1;
    for (const file of GLOB.test(path) ? this.#sources.glob(path) : [path]) {
      let included: readonly SyntaxNode[];
      try {
        included = this.#file(file);
      } catch (error) {
        throw cannotOpen(file, error, position);
      }
      nodes.push(...included);
      if (included.at(-1)?.kind === 'broken') break;
    }
    this.#depth -= 1;
  }
}

/** The text of the system's error, as C's strerror has it. */
const SYSTEM_TEXTS: Readonly<Record<string, string>> = {
  ENOENT: '2: No such file or directory',
  EACCES: '13: Permission denied',
  EISDIR: '21: Is a directory',
  ENOTDIR: '20: Not a directory',
};

function cannotOpen(path: string, error: unknown, position: Position | undefined): ConfigError {
  if (error instanceof ConfigError) return error;
  const code = String((error as { readonly code?: unknown }).code);
  return new ConfigError(`open() "${path}" failed (${SYSTEM_TEXTS[code] ?? code})`, position);
}
