import type { ProactorPort } from '../../core/proactor.ts';
import type { Random } from '../../core/random.ts';
import type { ErrorLogConf, LogBuffering, LogLevel, OpenLogCache } from '../conf/log-conf.ts';
import type { LocationPlugin } from '../modules/phases/plugin-of.ts';
import type { Zones } from '../shared/zones.ts';
import type { Hosts } from './hosts.ts';

/** A log that lines are appended to. */
export interface LogFile {
  /** Whole lines; they are on their way to the disk by the end of the turn. */
  write(lines: string, level?: LogLevel): void;
}

/** Where messages of some places of the configuration go. */
export interface ErrorLog {
  /** Is a message of this level of any interest to somebody? */
  takes(level: LogLevel): boolean;
  /** `text`: without time, level and process. */
  /** `always`: whatever the level of the logs is. */
  write(level: LogLevel, text: string, always?: boolean): void;
}

/** What is known of a file. Times in whole seconds since 1970. Lent until the next one is asked for. */
export type FileStatus = {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly size: number;
  readonly mtime: number;
  /** Two files of one path are told apart by it, where it is known. */
  readonly inode?: number | undefined;
};

/** Why a file could not be had: `ENOENT`, `EACCES`, … as the system says. */
export type FileError = { readonly code: string; readonly errno: number };

/** The file system, as nginx uses it: at once. Paths are bytes as latin1 text. */
export interface Files {
  /** Opens for reading, without waiting; a descriptor, which the caller closes. */
  open(path: string): number | FileError;
  close(descriptor: number): void;
  statusOf(descriptor: number): FileStatus | FileError;
  status(path: string): FileStatus | FileError;
  /** Without symbolic links; `undefined` where it cannot be said. */
  realPath?(path: string): string | undefined;
  isExecutable(path: string): boolean;
  /** Names in a directory, without `.` and `..`. */
  list(path: string): readonly string[] | FileError;
  /** Reads up to `bytes` from `position` on: all that fit, if it is not said. */
  read(descriptor: number, into: Uint8Array, position: number, bytes?: number): number | FileError;
  /** Makes a file in `directory` that only this process knows, open for reading and writing. */
  temporary(directory: string): { readonly descriptor: number; readonly path: string } | FileError;
  write(descriptor: number, bytes: Uint8Array, position: number): number | FileError;
  remove(path: string): void;
  /** Puts a file in the place of whatever has the other name. `EXDEV`: that is another file system. */
  rename(from: string, to: string): FileError | undefined;
  makeDirectory(path: string, mode: number): FileError | undefined;
  setMode(path: string, mode: number): FileError | undefined;
  /** When it was changed last, in seconds since 1970. */
  setTime(descriptor: number, mtime: number): FileError | undefined;
}

/** What a site runs in. */
export interface Environment {
  readonly port: ProactorPort;
  readonly random: Random;
  /** Milliseconds since 1970. */
  wallMs(): number;
  readonly files: Files;
  readonly pid: number;
  /** What sites of the process share, and hand on to those that take their place. */
  readonly zones?: Zones;
  readonly hostname: string;
  /** Clients' connections that are open at once: more wait to be accepted. Without it, any number. */
  readonly connectionsMax?: number;
  /** Name and release of the program, for `server_tokens build`. */
  readonly build?: string;
  /** Of `phase_module`, by path. */
  readonly plugins?: ReadonlyMap<string, LocationPlugin>;
  /** Addresses of the names of servers, looked up before. */
  readonly hosts?: Hosts;
  /** The log of this path; asked for twice, it is the same. */
  log(path: string, buffering?: LogBuffering): LogFile;
  /** Appends to a log whose name came with the lines. Without it, `log` is asked each time. */
  appendLog?(path: string, lines: string, cache: OpenLogCache | undefined): FileError | undefined;
  errorLog(logs: readonly ErrorLogConf[]): ErrorLog;
}
