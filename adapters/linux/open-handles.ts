type Closable = { close(): void };

/**
 * The handles of koffi's that are open, and whose they are. koffi holds neither: without this table
 * a port that only waits, which nothing but its own handle refers to, would be collected and stop
 * silently.
 */
const open = new Map<Closable, object>();

/**
 * Holds a handle and its owner until `release`. A worker that ends closes its handles by itself;
 * `terminate()` lets no code of it run, so that the descriptors of its ports stay open: a worker
 * with a port is to be asked to end, and to close it.
 */
export function hold(handle: Closable, owner: object): void {
  open.set(handle, owner);
}

/** It is closed already. */
export function release(handle: Closable): void {
  open.delete(handle);
}

/** How many are open: 0 when nothing leaks. */
export function heldHandles(): number {
  return open.size;
}

const [MAJOR = 0] = process.versions.node.split('.').map(Number);
/** The last Node seen to run reactions in each round of its loop, whatever was called in it. */
const BY_ITSELF_UP_TO = 24;

/**
 * Lets promises go on after a callback of koffi's: newer Nodes (26 is the first seen) run their
 * reactions only after callbacks of their own, of which an idle process has none.
 */
export function runReactions(): void {
  if (MAJOR > BY_ITSELF_UP_TO) setImmediate(nothing);
}

function nothing(): void {}
