import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import type { LogBuffering, LogFile } from '../server/index.ts';

/** Lines that are gathered before they are written, and compressed where that is wanted. */
export class BufferedLog implements LogFile {
  readonly #log: LogFile;
  readonly #buffering: LogBuffering;
  #lines = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(log: LogFile, buffering: LogBuffering) {
    this.#log = log;
    this.#buffering = buffering;
  }

  /** What does not fit any more goes out with what is there. */
  write(lines: string): void {
    const { buffer, flush } = this.#buffering;
    this.#lines += lines;
    if (this.#lines.length >= buffer) this.flush();
    else if (flush !== undefined) {
      this.#timer ??= setTimeout(() => this.flush(), flush).unref();
    }
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    this.#lines = '';
    if (lines !== '') this.#log.write(this.#packed(lines));
  }

  #packed(lines: string): string {
    const { gzip } = this.#buffering;
    if (gzip === 0) return lines;
    return gzipSync(Buffer.from(lines, 'latin1'), { level: gzip }).toString('latin1');
  }
}
