import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { MainConf } from '../config/index.ts';
import { StartError } from './system-error.ts';

/** Who workers are. */
export type Identity = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
};

/** Where no user is named; the group of the same name has another one in some systems. */
const NOBODY = 'nobody';
const GROUPS = [NOBODY, 'nogroup'];
const LOOKUP_MS = 5_000;

/** `undefined`: workers are whoever this process is. Throws `StartError`. */
export function identityOf({ user }: MainConf): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const name = user?.name ?? NOBODY;
  const uid = numberOf('passwd', name);
  if (uid === undefined) throw new StartError(`getpwnam("${name}") failed`);
  const groups = user === undefined ? GROUPS : [user.group ?? user.name];
  const gid = groups.map((group) => numberOf('group', group)).find((id) => id !== undefined);
  if (gid === undefined) throw new StartError(`getgrnam("${groups[0]}") failed`);
  return { name, uid, gid };
}

/** The declarations of Node 20 do not have it. */
type WithGroups = { initgroups?(user: string, group: number): void };

/** This process is somebody else from now on, for good. */
export function become({ name, uid, gid }: Identity): void {
  process.setgid?.(gid);
  (process as WithGroups).initgroups?.(name, gid);
  process.setuid?.(uid);
}

/** The third column, which is the number in both files. */
function numberOf(database: 'passwd' | 'group', name: string): number | undefined {
  const found = lineOf(readFileSync(`/etc/${database}`, 'latin1'), name);
  const fields = (found ?? lineOf(askSystem(database, name), name))?.split(':');
  const number = fields?.[2];
  return number !== undefined && /^\d+$/.test(number) ? Number(number) : undefined;
}

function lineOf(text: string, name: string): string | undefined {
  return text.split('\n').find((line) => line.startsWith(`${name}:`));
}

/** Users may come from elsewhere (LDAP): getent(1) asks whatever the system asks. */
function askSystem(database: string, name: string): string {
  try {
    return execFileSync('getent', [database, name], {
      encoding: 'latin1',
      timeout: LOOKUP_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}
