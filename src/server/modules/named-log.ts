import type { LogLevel, OpenLogCache } from '../conf/log-conf.ts';
import type { Environment } from '../engine/environment.ts';
import { fileFault } from '../engine/system-errors.ts';
import type { Evaluate } from '../engine/templates.ts';
import type { Evaluated } from '../engine/variables.ts';

/** A fault of a log is told once in this time. */
const TOLD_MS = 60_000;

/** Who has lines, and may have something to say of their log. */
export type Logging = Evaluated & { log(level: LogLevel, text: string): void };

/** How logs with variables in their names are treated in one place of the configuration. */
export type NamedLogging<Of extends Logging> = {
  readonly cache: OpenLogCache | undefined;
  /** May there be a log for this one? It says itself why not. */
  readonly mayWrite?: (of: Of) => boolean;
};

/** Writes lines to logs whose names variables make: `evaluate`. */
export function namedLog<Of extends Logging>(
  evaluate: Evaluate<Of>,
  environment: Environment,
  { cache, mayWrite }: NamedLogging<Of>,
): (line: string, of: Of) => void {
  let toldMs = Number.NEGATIVE_INFINITY;
  return (line, of) => {
    if (mayWrite?.(of) === false) return;
    const name = evaluate(of);
    if (environment.appendLog === undefined) {
      environment.log(name).write(line);
      return;
    }
    const error = environment.appendLog(name, line, cache);
    const nowMs = environment.port.loop.turnMs;
    if (error === undefined || nowMs - toldMs < TOLD_MS) return;
    toldMs = nowMs;
    of.log('crit', fileFault('open', name, error));
  };
}
