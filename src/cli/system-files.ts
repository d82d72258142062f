import { getServers } from 'node:dns';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FileStamp, SystemFiles } from '../dns/system/system-config.ts';

/** Not a file: Windows keeps its servers elsewhere, and Node knows where. */
const NODE_SERVERS = '\\\\.\\node-servers';

/** The files of this system: the one place where those that a resolver goes by are read. */
export const SYSTEM_FILES: SystemFiles =
  process.platform === 'win32' ? windowsFiles() : { stat, read };

/** What is no plain file is none: a pipe would hold everything up. */
function stat(path: string): FileStamp | undefined {
  try {
    const found = statSync(path);
    const { mtimeMs, size, ino: inode } = found;
    return found.isFile() ? { mtimeMs, size, inode } : undefined;
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Shows the servers of which Node knows as a resolv.conf, which changes whenever they do. */
function windowsFiles(): SystemFiles {
  const servers = (): string =>
    getServers()
      .map((server) => `nameserver ${server}\n`)
      .join('');
  const root = process.env.SystemRoot ?? 'C:\\Windows';
  return {
    resolvConfPath: NODE_SERVERS,
    hostsPath: join(root, 'System32\\drivers\\etc\\hosts'),
    stat: (path) => (path === NODE_SERVERS ? stampOf(servers()) : stat(path)),
    read: (path) => (path === NODE_SERVERS ? servers() : read(path)),
  };
}

/** Another text has another stamp: its hash stands for the time of a change. */
function stampOf(text: string): FileStamp {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (hash * 31 + text.charCodeAt(at)) | 0;
  return { mtimeMs: hash, size: text.length, inode: 0 };
}
