import { hostname } from 'node:os';
import { isSyslog, syslogOf } from '../config/index.ts';
import type {
  ErrorLog,
  ErrorLogConf,
  FileError,
  LogBuffering,
  LogFile,
  LogLevel,
  OpenLogCache,
} from '../server/index.ts';
import { BufferedLog } from './buffered-log.ts';
import { FileErrorLog } from './error-log.ts';
import { LogFiles } from './log-files.ts';
import { NamedLogs } from './named-logs.ts';
import { absolute, type Paths } from './paths.ts';
import { SyslogLog } from './syslog-log.ts';
import { StartError } from './system-error.ts';

/** Levels that also go to standard error while the program starts. */
const TOLD: ReadonlySet<LogLevel> = new Set(['emerg', 'alert', 'crit', 'error', 'warn']);

/** The logs of this process. */
export class ProcessLogs {
  readonly #files = new LogFiles();
  readonly #paths: Paths;
  readonly #named = new NamedLogs();
  readonly #buffers = new Map<string, BufferedLog>();
  readonly #syslogs = new Map<string, SyslogLog>();

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  /** Throws `StartError`. */
  open(path: string, buffering?: LogBuffering): LogFile {
    if (isSyslog(path)) return this.#syslog(path);
    if (buffering !== undefined) return this.#buffered(path, buffering);
    return this.#files.open(path === 'stderr' ? path : absolute(path, this.#paths.prefix));
  }

  /** To a log whose name came with the lines. */
  append(path: string, lines: string, cache: OpenLogCache | undefined): FileError | undefined {
    return this.#named.append(absolute(path, this.#paths.prefix), lines, cache);
  }

  /** Without a word in the configuration: the log that the command line names. */
  errorLog(confs: readonly ErrorLogConf[]): ErrorLog {
    const logs =
      confs.length > 0 ? confs : [{ path: this.#paths.errorLog, level: 'error' as const }];
    return new FileErrorLog(logs, (path) => this.open(path), process.pid);
  }

  /** The same file twice has one buffer for each way of gathering. */
  #buffered(path: string, buffering: LogBuffering): BufferedLog {
    const { buffer, flush, gzip } = buffering;
    const key = `${buffer} ${flush} ${gzip} ${path}`;
    let log = this.#buffers.get(key);
    if (log === undefined) {
      log = new BufferedLog(this.open(path), buffering);
      this.#buffers.set(key, log);
    }
    return log;
  }

  #flush(): void {
    for (const log of this.#buffers.values()) log.flush();
  }

  /** Each is opened once, by the way it is written. */
  #syslog(path: string): SyslogLog {
    let log = this.#syslogs.get(path);
    if (log === undefined) {
      const conf = syslogOf(path);
      if (typeof conf === 'string') throw new StartError(conf);
      log = new SyslogLog(conf, hostname());
      this.#syslogs.set(path, log);
    }
    return log;
  }

  /** Paths of all logs that are open; standard error is none. */
  get paths(): readonly string[] {
    return this.#files.paths;
  }

  /** Answers what could not be opened again. */
  reopen(): readonly string[] {
    this.#flush();
    this.#named.close();
    return this.#files.reopen();
  }

  close(): void {
    this.#flush();
    this.#buffers.clear();
    this.#named.close();
    this.#files.close();
    for (const log of this.#syslogs.values()) log.close();
    this.#syslogs.clear();
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
