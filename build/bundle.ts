/**
 * Writes the program as one file per entry, in its place in dist: Node opens, reads and links
 * every module by itself, which takes longer than everything else that a start does.
 *
 *   const $7 = $lazy(() => { const { a } = $3(); …the module as it was…; return { b }; });
 *
 * A module runs when the first one that needs it does, as with `import`. It takes what it imports
 * as constants: there are no cycles (Biome sees to that), and no exported `let`.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('..', import.meta.url));
const ENTRIES = ['src/cli/main.js', 'src/cli/worker.js'];
const EXECUTABLE = 0o755;

// As tsc writes them: each statement begins a line, and ends with its quotes and a semicolon.
const IMPORT = /^import (?:(\{[^}]*\}|\* as [\w$]+|[\w$]+) from )?'([^']+)';$/gm;
const EXPORT_FROM = /^export (\*|\{[^}]*\}) from '([^']+)';$/gm;
const EXPORT_LIST = /^export (\{[^}]*\});$/gm;
const EXPORT_DECLARATION =
  /^export ((?:async )?function\*? |class |const )([\w$]+|\{[^}]*\}|\[[^\]]*\])/gm;
const EXPORT_ANY = /^(?:export|import)\b(?! *[(.]).*$/m;
const DYNAMIC_IMPORT = /\bimport\('(\.[^']+)'\)/g;

type Names = readonly (readonly [name: string, as: string])[];

/** `{ a, b as c }`. */
function namesOf(list: string): Names {
  return list
    .slice(1, -1)
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => {
      const [name = '', as = name] = item.split(/ as /);
      return [name, as];
    });
}

class Bundle {
  readonly #entry: string;
  readonly #numbers = new Map<string, number>();
  readonly #parts: string[] = [];

  constructor(entry: string) {
    this.#entry = entry;
  }

  text(): string {
    const { body } = this.#transformed(this.#entry);
    return [
      '#!/usr/bin/env node',
      "import { createRequire as $createRequire } from 'node:module';",
      'const $require = $createRequire(import.meta.url);',
      'const $lazy = (make) => { let made; return () => (made ??= make()); };',
      ...this.#parts,
      body,
    ].join('\n');
  }

  /** The name of the function that gives the module; what it needs stands before it. */
  #moduleOf(file: string): string {
    let number = this.#numbers.get(file);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(file, number);
      const { body, result } = this.#transformed(file);
      this.#parts.push(
        `// ${file}\nconst $${number} = $lazy(() => {\n${body}\nreturn ${result};\n});`,
      );
    }
    return `$${number}`;
  }

  #transformed(file: string): { readonly body: string; readonly result: string } {
    const results: string[] = [];
    const target = (specifier: string): string =>
      specifier.startsWith('.')
        ? `${this.#moduleOf(join(dirname(file), specifier))}()`
        : `$require('${specifier}')`;
    const here = relative(dirname(this.#entry), file);
    const body = readFileSync(join(DIST, file), 'utf8')
      .replace(/^#!.*\n/, '')
      .replace(/^\/\/# sourceMappingURL=.*$/m, '')
      .replace(IMPORT, (_, what: string | undefined, specifier: string) => {
        const from = target(specifier);
        if (what === undefined) return `${from};`;
        if (!what.startsWith('{')) return `const ${what.replace('* as ', '')} = ${from};`;
        const items = namesOf(what).map(([name, as]) => (name === as ? name : `${name}: ${as}`));
        return `const { ${items.join(', ')} } = ${from};`;
      })
      .replace(EXPORT_FROM, (_, what: string, specifier: string) => {
        const from = target(specifier);
        if (what === '*') results.push(`...${from}`);
        else for (const [name, as] of namesOf(what)) results.push(`${as}: ${from}.${name}`);
        return '';
      })
      .replace(EXPORT_LIST, (_, what: string) => {
        for (const [name, as] of namesOf(what)) results.push(`${as}: ${name}`);
        return '';
      })
      .replace(EXPORT_DECLARATION, (_, kind: string, name: string) => {
        if (!/^[\w$]+$/.test(name)) throw new Error(`${file}: export of a pattern`);
        results.push(name);
        return kind + name;
      })
      .replace(
        DYNAMIC_IMPORT,
        (_, specifier: string) => `Promise.resolve().then(() => ${target(specifier)})`,
      )
      .replaceAll('import.meta.url', `new URL('${here}', import.meta.url).href`);
    const left = EXPORT_ANY.exec(body);
    if (left !== null) throw new Error(`${file}: cannot read ${left[0]}`);
    return { body, result: `{ ${results.join(', ')} }` };
  }
}

// All are read before the first is written: one may be part of another.
const bundles = ENTRIES.map((entry) => [join(DIST, entry), new Bundle(entry).text()] as const);
for (const [path, text] of bundles) {
  writeFileSync(path, text);
  chmodSync(path, EXECUTABLE);
}
