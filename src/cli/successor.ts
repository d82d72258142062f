import { spawn } from 'node:child_process';
import { FIRST_DESCRIPTOR } from './inherited-sockets.ts';
import type { Listening } from './listening-sockets.ts';

/** A newer program that was started with the sockets of this one. */
export type Successor = {
  readonly pid: number;
  /** Resolves with how it ended, in the words of a log. */
  readonly ended: Promise<string>;
};

/** Starts the program as it is on disk now. It finds the sockets by `NGINX=3;4;`. */
export function startSuccessor(
  sockets: readonly Listening[],
  notifyPath: string | undefined,
): Successor {
  const descriptors = sockets.map(({ descriptor }) => descriptor);
  const numbers = descriptors.map((_, index) => `${FIRST_DESCRIPTOR + index};`).join('');
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit', ...descriptors],
    env: {
      ...process.env,
      NGINX: numbers,
      ...(notifyPath === undefined ? {} : { NOTIFY_SOCKET: notifyPath }),
    },
  });
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (status, signal) => {
      resolve(signal === null ? `exited with code ${status}` : `exited on signal ${signal}`);
    });
    child.once('error', ({ message }) => resolve(`could not be started: ${message}`));
  });
  return { pid: child.pid ?? 0, ended };
}
