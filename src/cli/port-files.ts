import type { ProactorPort } from '../core/proactor.ts';
import type { Files } from '../server/index.ts';
import { systemFiles } from './files.ts';
import { linuxFiles } from './linux-files.ts';

/** The file system for those that work with this port: what talks to the kernel itself, for both. */
export function filesFor({ capabilities }: ProactorPort): Files {
  if (!capabilities.adopt) return systemFiles;
  try {
    return linuxFiles();
  } catch {
    return systemFiles; // Its C library has not all of the calls: Node knows others.
  }
}
