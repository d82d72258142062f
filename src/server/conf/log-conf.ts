import type { Template } from './template.ts';

export type LogEscape = 'default' | 'json' | 'none';

export type LogFormat = {
  readonly name: string;
  readonly escape: LogEscape;
  readonly template: Template;
};

/** How lines of a log are gathered. */
export type LogBuffering = {
  /** Bytes that are gathered before a write; 0: what one turn brings. */
  readonly buffer: number;
  /** Milliseconds that lines may wait. */
  readonly flush: number | undefined;
  /** Level of compression; 0: none. */
  readonly gzip: number;
};

/** One `access_log`; several of one level all get their line. */
export type AccessLogConf = Partial<Pick<LogBuffering, 'gzip'>> & {
  /** A path, or `syslog:…`. With variables it is opened for each line. */
  readonly path: Template;
  readonly format: LogFormat;
  /** Bytes that are gathered before a write; 0: what one turn brings. */
  readonly buffer: number;
  readonly flush: number | undefined;
  /** No line where this is empty or `0`. */
  readonly when: Template | undefined;
};

export type LogLevel = 'debug' | 'info' | 'notice' | 'warn' | 'error' | 'crit' | 'alert' | 'emerg';

/** One `error_log`. */
export type ErrorLogConf = { readonly path: string; readonly level: LogLevel };

/** `open_log_file_cache`: logs with variables in their names that stay open. Times in milliseconds. */
export type OpenLogCache = {
  /** How many names are known at once. */
  readonly max: number;
  readonly inactiveMs: number;
  /** Uses within that time after which a log stays open. */
  readonly minUses: number;
  /** How often it is looked whether the file still has its name. */
  readonly validMs: number;
};

export interface LogConf {
  readonly openLogCache: OpenLogCache | undefined;
  readonly accessLogs: readonly AccessLogConf[];
  readonly errorLogs: readonly ErrorLogConf[];
}
