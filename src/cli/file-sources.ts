import { readdirSync, readFileSync } from 'node:fs';
import type { Sources } from '../config/index.ts';

/** Configuration files of this machine. */
export const fileSources: Sources = {
  read: (path) => readFileSync(path, 'latin1'),
  glob,
};

/** Files that match a shell's pattern, sorted as the C library does. */
function glob(pattern: string): readonly string[] {
  let found = [''];
  const parts = pattern.split('/').slice(1);
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (!/[*?[]/.test(part)) {
      found = found.map((path) => `${path}/${part}`);
      continue;
    }
    const expression = expressionOf(part);
    found = found.flatMap((path) =>
      namesIn(path === '' ? '/' : path, !isLast)
        .filter((name) => expression.test(name) && (part.startsWith('.') || !name.startsWith('.')))
        .sort()
        .map((name) => `${path}/${name}`),
    );
  }
  return found;
}

function namesIn(path: string, directories: boolean): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => !directories || entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function expressionOf(part: string): RegExp {
  const source = part
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replaceAll('[!', '[^');
  return new RegExp(`^${source}$`);
}
