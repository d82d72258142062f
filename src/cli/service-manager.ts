import { nativeCalls } from './native-calls.ts';

/**
 * Tells a service manager how things stand (sd_notify(3)): `READY=1`, `RELOADING=1`, `STOPPING=1`.
 * Answers whether there was anybody to tell, and it worked.
 */
export function tellManager(state: string, path: string | undefined): boolean {
  if (path === undefined || !/^[/@]/.test(path)) return false;
  try {
    return nativeCalls().tell(path.replace(/^@/, '\0'), state);
  } catch {
    return false; // Without koffi there are no UNIX datagrams; a unit of type `forking` needs none.
  }
}

/** A reload begins: the manager wants to know since when, on the monotonic clock. */
export function reloadingState(): string {
  return `RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}\n`;
}
