import { ConfigError } from '../config/config-error.ts';
import type { Paths } from './paths.ts';
import { ProcessLogs } from './process-logs.ts';
import { StartError } from './system-error.ts';

/** A line for people, and for scripts that read standard error. */
export function say(line: string): void {
  process.stderr.write(line);
}

/** Why the program does not start: here, and in the log that the command line names. */
export function failed(error: unknown, paths: Paths): void {
  const text = error instanceof Error ? error.message : String(error);
  if (paths.errorLog !== 'stderr') say(`nginx: [emerg] ${text}\n`);
  if (error instanceof ConfigError) sayHint(error);
  try {
    new ProcessLogs(paths).errorLog([]).write('emerg', text);
  } catch (cause) {
    const why = cause instanceof StartError ? cause.message : String(cause);
    say(`nginx: [alert] could not open error log file: ${why}\n`);
  }
}

/** What to do about it, where we know. */
export function sayHint({ hint }: ConfigError): void {
  if (hint !== undefined) say(`  ${hint}\n`);
}
