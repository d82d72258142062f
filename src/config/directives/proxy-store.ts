import type { DirectiveTable, Use } from '../directive.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';

const SHIFTS: Readonly<Record<string, number>> = { user: 6, group: 3, all: 0 };
const RIGHTS: Readonly<Record<string, number>> = { r: 4, rw: 6 };
const OWNER = 0o600;

/** Bodies of answers that are kept as files. */
export const proxyStoreDirectives: DirectiveTable = {
  proxy_store: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'off',
    read: (use) => {
      const { first } = use;
      if (first === '') use.fail('empty path');
      if (first === 'off') use.set('proxyStore', 'off');
      else use.set('proxyStore', first === 'on' ? 'uri' : { path: use.template() });
    },
  },
  proxy_store_access: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, 3],
    default: 'user:rw',
    read: (use) => use.set('proxyStoreAccess', accessOf(use)),
  },
};

/** Rights of files: `user:rw group:r`. Unless it says otherwise, their owner may read and write. */
function accessOf(use: Use): number {
  let access = 0;
  let owner = OWNER;
  for (const word of use.args) {
    const [who = '', what = '', ...more] = word.split(':');
    const shift = Object.hasOwn(SHIFTS, who) ? SHIFTS[who] : undefined;
    const right = Object.hasOwn(RIGHTS, what) && more.length === 0 ? RIGHTS[what] : undefined;
    if (shift === undefined || right === undefined) return use.fail(`invalid value "${word}"`);
    if (who === 'user') owner = 0;
    access |= right << shift;
  }
  return access | owner;
}
