import { isMainThread } from 'node:worker_threads';

type Closable = { close(): void };

const open = new Set<Closable>();
let listening = false;

/**
 * Closes a handle of koffi's when its worker ends. One that is open at that time crashes the
 * whole process, with koffi 3.3.4. `terminate()` gives no code of a worker's the chance to run:
 * a worker with a port is to be asked to end, and to close it.
 */
export function closeWithWorker(handle: Closable): void {
  if (isMainThread) return;
  open.add(handle);
  if (listening) return;
  listening = true;
  process.on('exit', () => {
    for (const one of open) one.close();
  });
}

/** It is closed already. */
export function forgetWithWorker(handle: Closable): void {
  open.delete(handle);
}
