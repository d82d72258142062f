import type { ConfigError, Position } from './config-error.ts';

/** A directive as it is written: its name and arguments, and a block where it has one. */
export type DirectiveNode = {
  readonly kind: 'directive';
  readonly name: string;
  readonly args: readonly string[];
  /** Which arguments, the name included, were in quotes: these are never keywords. */
  readonly quoted: readonly boolean[];
  readonly block: readonly SyntaxNode[] | undefined;
  /** Where its `;` or `{` stands: nginx names this line. */
  readonly position: Position;
};

/** What could not be read: all before it can be looked at first, as nginx does. */
export type BrokenNode = { readonly kind: 'broken'; readonly error: ConfigError };

export type SyntaxNode = DirectiveNode | BrokenNode;

/** A file as it was read, for `-T`. */
export type SourceFile = { readonly path: string; readonly text: string };

/** Where the text of files comes from. Paths are absolute. */
export interface Sources {
  /** The file's bytes as latin1; throws with `code` and `errno` of the system. */
  read(path: string): string;
  /** Files that match a pattern, sorted. */
  glob(pattern: string): readonly string[];
}
