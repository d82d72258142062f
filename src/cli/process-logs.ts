import type { ErrorLog, ErrorLogConf, LogFile, LogLevel } from '../server/index.ts';
import { FileErrorLog } from './error-log.ts';
import { LogFiles } from './log-files.ts';
import { absolute, type Paths } from './paths.ts';

/** Levels that also go to standard error while the program starts. */
const TOLD: ReadonlySet<LogLevel> = new Set(['emerg', 'alert', 'crit', 'error', 'warn']);

/** The logs of this process. */
export class ProcessLogs {
  readonly #files = new LogFiles();
  readonly #paths: Paths;

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  /** Throws `StartError`. */
  open(path: string): LogFile {
    return this.#files.open(path === 'stderr' ? path : absolute(path, this.#paths.prefix));
  }

  /** Without a word in the configuration: the log that the command line names. */
  errorLog(confs: readonly ErrorLogConf[]): ErrorLog {
    const logs =
      confs.length > 0 ? confs : [{ path: this.#paths.errorLog, level: 'error' as const }];
    return new FileErrorLog(logs, (path) => this.open(path), process.pid);
  }

  /** Paths of all logs that are open; standard error is none. */
  get paths(): readonly string[] {
    return this.#files.paths;
  }

  /** Answers what could not be opened again. */
  reopen(): readonly string[] {
    return this.#files.reopen();
  }

  close(): void {
    this.#files.close();
  }
}

/** Says everything that is wrong on standard error, too, as long as somebody is looking there. */
export class StartLog implements ErrorLog {
  readonly #log: ErrorLog | undefined;
  /** Is standard error itself the log? Then a line is not said twice. */
  readonly #isStderr: boolean;

  constructor(log: ErrorLog | undefined, isStderr: boolean) {
    this.#log = log;
    this.#isStderr = isStderr;
  }

  takes(): boolean {
    return true;
  }

  write(level: LogLevel, text: string): void {
    if (this.#log?.takes(level)) this.#log.write(level, text);
    if (TOLD.has(level) && !this.#isStderr) process.stderr.write(`nginx: [${level}] ${text}\n`);
  }
}
