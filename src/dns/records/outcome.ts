import type { Failure } from '../transport/exchange.ts';
import type { Answer, Negative } from '../wire/reply.ts';
import type { FoundNothing, FoundRecords, FoundSource } from './found.ts';
import type { RecordSettings } from './record-settings.ts';

/** How a question ended, its aliases followed over all messages. */
export type Outcome = Answer | Negative | Failure;

/**
 * How long an answer holds, in milliseconds; `undefined`: nothing says so, and it is kept as
 * briefly as a failure (RFC 2308 §5: without a SOA record a negative answer is not to be cached).
 */
export function lifetimeMs(
  answer: Answer | Negative,
  settings: RecordSettings,
): number | undefined {
  if (answer.kind === 'answer') {
    if (settings.validMs !== undefined) return settings.validMs;
    const ttlMs = Math.max(answer.ttl * 1_000, settings.ttlMinMs);
    return Math.min(ttlMs, settings.ttlMaxMs);
  }
  if (answer.ttl === undefined) return undefined;
  return Math.min(answer.ttl * 1_000, settings.negativeMaxMs);
}

/** What an answer is to a caller. */
export function foundOf(
  answer: Answer | Negative,
  source: FoundSource,
  expiresAtMs: number,
): FoundRecords | FoundNothing {
  const { canonical, authenticated } = answer;
  return answer.kind === 'answer'
    ? { kind: 'records', source, canonical, data: answer.data, expiresAtMs, authenticated }
    : { kind: answer.kind, source, canonical, expiresAtMs, authenticated };
}

/** What is kept, as an answer that came now. */
export function answerOf(
  found: FoundRecords | FoundNothing,
  links: number,
  nowMs: number,
): Answer | Negative {
  const { canonical, authenticated } = found;
  const ttl = Math.max(found.expiresAtMs - nowMs, 0) / 1_000;
  return found.kind === 'records'
    ? { kind: 'answer', canonical, data: found.data, ttl, links, authenticated }
    : { kind: found.kind, canonical, ttl, links, authenticated };
}

/** A failure of our own making. */
export function failureOf(code: Failure['code']): Failure {
  return { kind: 'failure', code, server: undefined, attempts: [] };
}

/** Is it a failure that asking again in a moment would only repeat? */
export function isOfServers({ code }: Failure): boolean {
  return code !== 'ECANCELLED' && code !== 'ENOSERVER';
}
