import type { DirectiveTable } from '../directive.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';

/** What nginx has not: handlers in TypeScript. */
export const phaseDirectives: DirectiveTable = {
  phase_module: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    note: 'a plugin in TypeScript or JavaScript; see [Migrating from nginx](migrating-from-nginx.md)',
    read: (use) => {
      const { first, position, reader } = use;
      const path = first.startsWith('/') ? first : reader.directory + first.replace(/^\.\//, '');
      reader.phaseModules.push({ path, position });
      use.append('phaseModules', path);
    },
  },
};
