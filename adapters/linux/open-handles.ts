import { isMainThread } from 'node:worker_threads';

type Closable = { close(): void };

/**
 * The handles of koffi's that are open, and whose they are. koffi holds neither: without this table
 * a port that only waits, which nothing but its own handle refers to, would be collected and stop
 * silently.
 */
const open = new Map<Closable, object>();
let listening = false;

/**
 * Holds a handle and its owner until `release`, and closes the handle when its worker ends: one
 * that is open at that time crashes the whole process, with koffi 3.3.4. `terminate()` gives no
 * code of a worker's the chance to run: a worker with a port is to be asked to end, and to close it.
 */
export function hold(handle: Closable, owner: object): void {
  open.set(handle, owner);
  if (isMainThread || listening) return;
  listening = true;
  process.on('exit', () => {
    for (const one of open.keys()) one.close();
  });
}

/** It is closed already. */
export function release(handle: Closable): void {
  open.delete(handle);
}

/**
 * Lets promises go on after a callback of koffi's: newer Nodes (26 is the first seen) run their
 * reactions only after callbacks of their own, of which an idle process has none.
 */
export function runReactions(): void {
  setImmediate(nothing);
}

function nothing(): void {}
