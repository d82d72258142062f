import { Buffer } from 'node:buffer';
import { close, open, openSync, write } from 'node:fs';

/** Characters that wait for a disk that is slow; what comes beyond that is lost, and counted. */
export const QUEUED_LENGTH_MAX: number = 8 * 1024 * 1024;
/** Characters that one write takes: the copy that it makes is no larger than four times that. */
const WRITE_LENGTH_MAX = 256 * 1024;
const MODE = 0o644;

export type LogFileOptions = {
  readonly queuedLengthMax?: number;
  /**
   * Told when lines are lost, or the file cannot be opened again: once, until a write has gone well
   * again. Default: a warning of the process.
   */
  readonly onError?: (error: Error) => void;
};

/**
 * A file that lines are appended to, in the order in which they come and never within a call: one
 * write at a time, on Node's pool of threads, which takes what has gathered meanwhile.
 *
 *   write() → queue → [one write to the kernel] → queue empty: rest
 *                        └─ reopen() was called: the path is opened anew between two writes
 */
export class LogFile {
  readonly #path: string;
  readonly #queuedLengthMax: number;
  readonly #onError: (error: Error) => void;
  #file: number;
  #queue: string[] = [];
  /** Of the queue, and of what is being written. */
  #queuedLength = 0;
  #busy = false;
  #failing = false;
  #lostLength = 0;
  /** Who waits for the path to be opened anew, where somebody has asked for it. */
  #reopened: (() => void)[] = [];
  #closed: Promise<void> | undefined;
  #ended: (() => void) | undefined;

  /** Throws where the file cannot be opened. */
  constructor(path: string, options: LogFileOptions = {}) {
    const { queuedLengthMax = QUEUED_LENGTH_MAX, onError = (error) => process.emitWarning(error) } =
      options;
    this.#path = path;
    this.#queuedLengthMax = queuedLengthMax;
    this.#onError = onError;
    this.#file = openSync(path, 'a', MODE);
  }

  /** Characters that were lost, because the disk was too slow, or full. */
  get lostLength(): number {
    return this.#lostLength;
  }

  /** Appends whole lines. A property, so that it can be handed on by itself. */
  readonly write = (lines: string): void => {
    if (this.#closed !== undefined) {
      this.#lose(lines.length, new Error(`${this.#path}: closed`));
      return;
    }
    if (this.#queuedLength + lines.length > this.#queuedLengthMax) {
      this.#lose(lines.length, new RangeError(`${this.#path}: too slow, lines are lost`));
      return;
    }
    this.#queuedLength += lines.length;
    this.#queue.push(lines);
    this.#goOn();
  };

  /**
   * Opens the path anew, after the file was moved away; lines that come meanwhile wait. Resolves when
   * that is done. A path that cannot be opened is an error that is told, and the old file stays.
   */
  reopen(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    const reopened = new Promise<void>((resolve) => this.#reopened.push(resolve));
    this.#goOn();
    return reopened;
  }

  /** Closes the file once all lines are with the kernel. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#ended = resolve;
    });
    this.#goOn();
    return this.#closed;
  }

  #goOn(): void {
    if (this.#busy) return;
    if (this.#reopened.length > 0) this.#open();
    else if (this.#queue.length > 0) this.#writeQueue();
    else if (this.#ended !== undefined) this.#end(this.#ended);
  }

  #writeQueue(): void {
    let length = 0;
    let count = 0;
    do length += (this.#queue[count++] as string).length;
    while (count < this.#queue.length && length < WRITE_LENGTH_MAX);
    const lines = this.#queue.splice(0, count).join('');
    this.#busy = true;
    this.#writeFrom(Buffer.from(lines), 0, length);
  }

  #writeFrom(bytes: Buffer, from: number, length: number): void {
    write(this.#file, bytes, from, bytes.length - from, null, (error, written) => {
      if (error === null && from + written < bytes.length) {
        this.#writeFrom(bytes, from + written, length);
        return;
      }
      this.#busy = false;
      this.#queuedLength -= length;
      if (error === null) this.#failing = false;
      else this.#lose(length, error);
      this.#goOn();
    });
  }

  #open(): void {
    this.#busy = true;
    const waiting = this.#reopened;
    this.#reopened = [];
    open(this.#path, 'a', MODE, (error, file) => {
      this.#busy = false;
      if (error === null) {
        close(this.#file, () => {});
        this.#file = file;
      } else this.#tell(error);
      for (const reopened of waiting) reopened();
      this.#goOn();
    });
  }

  #end(ended: () => void): void {
    this.#busy = true; // For good.
    close(this.#file, () => ended());
  }

  #lose(length: number, error: Error): void {
    this.#lostLength += length;
    this.#tell(error);
  }

  #tell(error: Error): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#onError(error);
  }
}
