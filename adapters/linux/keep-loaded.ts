import { readFileSync } from 'node:fs';
import type { Koffi } from './koffi.ts';

const RTLD_NOW = 0x2;
const RTLD_NOLOAD = 0x4;
const RTLD_NODELETE = 0x1000;
/** A line of /proc/self/maps names the file behind its six fields, none of which has a slash. */
const LIBRARY = /^[^/\n]*(\/.*koffi[^/\n]*\.node)$/m;

/**
 * Keeps koffi's library in memory for as long as the process lives. Node unloads it when the only
 * thread that had loaded it ends, a worker, and lets libuv finish closing koffi's poll handles
 * after that: libuv would call where no code is any more (seen with koffi 3.3.4, Node 20).
 */
export function keepLoaded(koffi: Koffi): void {
  const file = LIBRARY.exec(readFileSync('/proc/self/maps', 'utf8'))?.[1];
  if (file === undefined) return;
  const dlopen = koffi.load(null).func('void *dlopen(const char *, int)');
  dlopen(file, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}
