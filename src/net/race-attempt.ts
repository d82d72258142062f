import type { ConnectOperation } from '../core/operation.ts';
import { formatEndpoint } from './address.ts';
import { type ConnectAttempt, IoError, type IoErrorCode } from './io-error.ts';
import { errorOf } from './wait.ts';

/** An attempt of a race, and its end where it has one. */
export type RaceAttempt = {
  readonly operation: ConnectOperation;
  readonly startedMs: number;
  /** `undefined` while it is under way. */
  end: ConnectAttempt | undefined;
};

/** What became of it; `code` where the race was over first. */
export function endOf(attempt: RaceAttempt, nowMs: number, code?: IoErrorCode): ConnectAttempt {
  const { operation, startedMs } = attempt;
  return {
    endpoint: formatEndpoint(operation.endpoint),
    code: code ?? errorOf(operation).code,
    fault: code === undefined ? operation.fault : undefined,
    ms: nowMs - startedMs,
  };
}

/**
 * Why a race has no winner: `ended`, or what the first attempt met, which was to the most wanted
 * address. Its text tells of all.
 */
export function raceError(
  ended: 'cancelled' | 'expired' | undefined,
  attempts: readonly ConnectAttempt[],
  cause: unknown,
): IoError {
  const first = attempts[0];
  const code = ended ?? first?.code ?? 'badAddress';
  const fault = ended === undefined ? first?.fault : undefined;
  const told = attempts.map(
    (attempt) => `${attempt.endpoint} ${attempt.code} after ${Math.round(attempt.ms)} ms`,
  );
  const about = told.length === 0 ? 'no address to connect to' : told.join('; ');
  const details = cause === undefined ? { about, attempts } : { about, attempts, cause };
  // Without a fault, the code is one of those that are none.
  return new IoError(fault ?? { code: code as 'expired', call: 'connect' }, details);
}
