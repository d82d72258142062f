import type { Use } from '../directive.ts';

const SHIFTS: Readonly<Record<string, number>> = { user: 6, group: 3, all: 0 };
const RIGHTS: Readonly<Record<string, number>> = { r: 4, rw: 6 };
const OWNER = 0o600;

/** Rights of files: `user:rw group:r`. Unless it says otherwise, their owner may read and write. */
export function accessOf(use: Use): number {
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
