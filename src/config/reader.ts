import { ConfigError, type Position } from './config-error.ts';
import { type Arity, type DirectiveRow, type DirectiveTable, Use } from './directive.ts';
import type { HostUse } from './host-use.ts';
import { missingDirective } from './missing-directive.ts';
import type { Scope } from './scope.ts';
import type { DirectiveNode, SyntaxNode } from './syntax.ts';

/** A file of `phase_module`, and where it is named. */
export type PhaseModuleUse = {
  readonly path: string;
  readonly position: Position | undefined;
};

/** Reads directives by the tables of all modules. */
export class ConfigReader {
  readonly #rows = new Map<string, readonly DirectiveRow[]>();
  readonly warnings: string[] = [];
  /** Names of groups in regular expressions. */
  readonly captureNames: Set<string> = new Set<string>();

  /** Where the main file lies: names of password files and the like begin there. Ends with a slash. */
  readonly directory: string;

  constructor(tables: readonly DirectiveTable[], directory = '/') {
    this.directory = directory;
    for (const table of tables) {
      for (const [name, rows] of Object.entries(table)) {
        const known = this.#rows.get(name) ?? [];
        this.#rows.set(name, known.concat(rows));
      }
    }
  }

  /** Files of `phase_module`, to be loaded. */
  readonly phaseModules: PhaseModuleUse[] = [];
  /** Files of all access logs, those that no server has in the end included. */
  readonly logPaths: Set<string> = new Set<string>();
  /** Names of servers, to be looked up at the start. */
  readonly hosts: HostUse[] = [];

  warn(line: string): void {
    this.warnings.push(line);
  }

  /** For blocks whose content is no directives. */
  failAt({ position }: DirectiveNode, what: string): never {
    throw new ConfigError(what, position);
  }

  /** Reads what stands in one block, in order. Throws `ConfigError` for the first mistake. */
  readAll(nodes: readonly SyntaxNode[], scope: Scope): void {
    for (const node of nodes) {
      if (node.kind === 'broken') throw node.error;
      this.#read(node, scope);
    }
  }

  #read(node: DirectiveNode, scope: Scope): void {
    const { name, position, block, args } = node;
    const rows = this.#rows.get(name) ?? [];
    const row = rows.find(({ contexts }) => contexts.includes(scope.context));
    if (row === undefined) throw missingDirective(name, scope.context, rows, position);
    if (row.block === undefined && block !== undefined) {
      throw new ConfigError(`directive "${name}" is not terminated by ";"`, position);
    }
    if (row.block === true && block === undefined) {
      throw new ConfigError(`directive "${name}" has no opening "{"`, position);
    }
    if (!fits(args.length, row.args)) {
      throw new ConfigError(`invalid number of arguments in "${name}" directive`, position);
    }
    if (row.support === 'not yet') {
      throw new ConfigError(`"${name}" directive is not supported yet`, position, row.note);
    }
    row.read(new Use(node, scope, this));
  }
}

function fits(count: number, arity: Arity): boolean {
  if (arity === 'flag') return count === 1;
  if (typeof arity === 'number') return count === arity;
  return count >= arity[0] && count <= arity[1];
}
