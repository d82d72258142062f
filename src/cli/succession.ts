import type { ErrorLog } from '../server/index.ts';
import type { Listening } from './listening-sockets.ts';
import { movePidFile, OLD_SUFFIX } from './pid-file.ts';
import { type Successor, startSuccessor } from './successor.ts';

export type SuccessionOptions = {
  /** Was this program started by an older one, with its sockets? */
  readonly hasElder: boolean;
  readonly notifyPath: string | undefined;
  readonly log: () => ErrorLog;
};

/** Older and newer programs that have the same listening sockets. */
export class Succession {
  readonly #options: SuccessionOptions;
  readonly #parent = process.ppid;
  #successor: Successor | undefined;

  constructor(options: SuccessionOptions) {
    this.#options = options;
  }

  /** Is there no other program that goes on with the sockets? */
  get isLast(): boolean {
    const elderLives = this.#options.hasElder && process.ppid === this.#parent;
    return this.#successor === undefined && !elderLives;
  }

  /** Where the number of this process stands: a newer one takes the place of the file. */
  fileOf(pidPath: string): string {
    return this.#successor === undefined ? pidPath : pidPath + OLD_SUFFIX;
  }

  /** Starts a newer program; `onGone` runs when that has ended and this one is the last again. */
  start(sockets: readonly Listening[], pidPath: string, onGone: () => void): void {
    const { notifyPath, log } = this.#options;
    if (!this.isLast || !this.#move(pidPath, pidPath + OLD_SUFFIX)) return;
    const successor = startSuccessor(sockets, notifyPath);
    this.#successor = successor;
    log().write('notice', `start new binary process ${successor.pid}`);
    void successor.ended.then((text) => {
      log().write('notice', `new binary process ${successor.pid} ${text}`);
      this.#successor = undefined;
      this.#move(pidPath + OLD_SUFFIX, pidPath);
      onGone();
    });
  }

  #move(from: string, to: string): boolean {
    try {
      movePidFile(from, to);
      return true;
    } catch (error) {
      this.#options.log().write('alert', error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
