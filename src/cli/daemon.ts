import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { nativeCalls } from './native-calls.ts';

/** Set in the process that goes on in the background. */
const MARK = 'SLUICE_DAEMON';
const STDERR = 2;

/** Has somebody started this process to go on in the background? */
export function isDaemon(): boolean {
  return process.env[MARK] !== undefined;
}

/**
 * Starts this program again, in a session of its own. Resolves with the exit status of this
 * process: 0 when the other one serves, 1 when it has failed, and has said why.
 */
export function startDaemon(): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  });
  return new Promise((resolve) => {
    child.once('message', () => resolve(0));
    child.once('exit', () => resolve(1));
    child.once('error', () => resolve(1));
  });
}

/** The one in the background says that it serves, and lets go of the terminal. */
export function daemonReady(): void {
  delete process.env[MARK];
  if (process.send === undefined) return;
  process.send('ready', () => process.disconnect());
  try {
    const nowhere = openSync('/dev/null', 'r+');
    nativeCalls().replace(STDERR, nowhere);
    closeSync(nowhere);
  } catch {
    // Without koffi the descriptor stays: whoever reads it waits until this process ends.
  }
}
