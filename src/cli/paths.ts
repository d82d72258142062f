import type { Arguments } from './arguments.ts';

/** Where the program looks for its files when nobody says. */
const PREFIX = '/etc/nginx/';
const CONFIG = 'conf/nginx.conf';
const ERROR_LOG = 'logs/error.log';

/** Absolute paths of what the command line names; the log may be `stderr`. */
export type Paths = { readonly prefix: string; readonly config: string; readonly errorLog: string };

export function pathsOf(args: Arguments): Paths {
  const prefix = absolute(args.prefix ?? PREFIX, `${process.cwd()}/`);
  const errorLog = args.errorLog ?? ERROR_LOG;
  return {
    prefix,
    config: absolute(args.config ?? CONFIG, prefix),
    errorLog: errorLog === 'stderr' ? errorLog : absolute(errorLog, prefix),
  };
}

/** `directory` ends with a slash. */
export function absolute(path: string, directory: string): string {
  return path.startsWith('/') ? path : directory + path;
}
