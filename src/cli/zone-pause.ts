/** Whoever has a zone's lock has it for microseconds, unless the system has stopped it. */
const PAUSE_MS = 1;

const word = new Int32Array(new SharedArrayBuffer(4));

/** Lets other processes run: this thread sleeps, and nobody wakes it. */
export function pause(): void {
  Atomics.wait(word, 0, 0, PAUSE_MS);
}
