import type { QueryOptions } from '../wire/query.ts';
import type { Attempt } from './attempt.ts';
import type { ExchangeRun } from './exchange-run.ts';
import type { RunHost } from './run-host.ts';
import type { Server } from './server.ts';

/** An attempt of `run` at `server`, ready to be sent, and counted there. */
export function makeAttempt(
  host: RunHost,
  run: ExchangeRun,
  server: Server,
  opt: boolean,
  nowMs: number,
): Attempt {
  const { attempts, settings, queryOptions } = host;
  const attempt = attempts.take();
  attempt.owner = run;
  attempt.server = server;
  attempt.sentMs = nowMs;
  attempt.timeoutMs = nowMs + patienceMs(host, server, run.round);
  attempt.deadlineMs = run.deadlineMs;
  attempt.hadOpt = opt;
  attempt.exactCase = server.usesCase(nowMs);
  attempt.triesPlain = !opt && settings.ednsSize > 0 && nowMs >= server.plainUntilMs;
  if (attempt.triesPlain) server.doubtsOpt = false;
  server.inFlight += 1;
  server.queries += 1;
  const which = (attempt.exactCase ? 2 : 0) + (opt ? 1 : 0);
  attempt.write(run.question, queryOptions[which] as QueryOptions);
  return attempt;
}

/** How long silence means nothing: from the round-trip time, where it is known. */
function patienceMs({ settings }: RunHost, { health }: Server, round: number): number {
  const { initialMs, minMs, maxMs } = settings;
  const { expectedMs } = health;
  const ms = expectedMs < 0 ? initialMs : Math.max(expectedMs, minMs);
  return Math.min(ms * 2 ** (round - 1), maxMs);
}
