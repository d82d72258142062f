import type { TimerOperation } from '../../core/operation.ts';
import { timerOperation } from '../../core/operations.ts';
import type { ClientConnection } from '../../http/client-connection.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { Attempts } from '../attempts.ts';
import { wholeNumber } from '../checked-numbers.ts';
import type { ProxyError } from '../proxy-error.ts';
import type { SessionShared } from '../session-shared.ts';
import type { RetryDecision } from './phases.ts';
import type { SessionFace } from './session-face.ts';

/** Attempts of one request, whatever handlers say. */
export const ATTEMPTS_MAX = 16;
/** Longest that a handler may put an attempt off: an hour. */
const DELAY_MS_MAX = 3_600_000;

/** What a handler has said of a failed attempt. Throws `TypeError` where it makes no sense. */
export function decisionOf(answer: unknown): RetryDecision {
  if (answer === undefined) return undefined;
  const { retry, delayMs } = (answer ?? {}) as Partial<NonNullable<RetryDecision>>;
  if (typeof retry !== 'boolean') {
    throw new TypeError('a decision about a failed attempt is { retry: boolean, delayMs? }');
  }
  if (delayMs === undefined) return { retry };
  const ms = typeof delayMs === 'number' ? Math.round(delayMs) : delayMs;
  return { retry, delayMs: wholeNumber('delayMs', ms, 0, DELAY_MS_MAX) };
}

/** Whose attempts are repeated. */
export interface RetriesOwner {
  readonly face: SessionFace;
  readonly attempts: Attempts;
  readonly shared: SessionShared;
  readonly client: ServerConnection | undefined;
  readonly startedMs: number;
  nextServer(): void;
}

/** What becomes of failed attempts: handlers decide, within limits that are not theirs. */
export class Retries {
  readonly #owner: RetriesOwner;
  #delay: TimerOperation | undefined;
  /** Attempts, but for those that a pooled connection's end has spoilt. */
  #counted = 0;
  /** The current attempt's connection has served an exchange before. */
  #reused = false;
  /** What of `toUpstream` was sent in attempts before the current one. */
  #upBefore = 0;

  constructor(owner: RetriesOwner) {
    this.#owner = owner;
  }

  /** An exchange begins. */
  begin(): void {
    this.#counted = 0;
  }

  /** Has the exchange had all the attempts that there may be? */
  get isSpent(): boolean {
    return this.#owner.face.attempts >= ATTEMPTS_MAX;
  }

  /** An attempt begins. */
  attempting(): void {
    this.#counted += 1;
  }

  /** The attempt has a connection. */
  ready(upstream: ClientConnection): void {
    this.#reused = upstream.exchanges > 1;
    this.#upBefore = this.#owner.face.toUpstream;
  }

  /** The attempt failed behind its connect. `repeats`: what the engine would do. */
  describe(error: ProxyError, repeats: boolean): void {
    error.retry = repeats;
    error.reusedConnection = this.#reused;
    error.requestBytesSent = this.#owner.face.toUpstream - this.#upBefore;
    // A pooled connection that proves dead says nothing about its server.
    if (repeats && this.#reused && error.type === 'ConnectionClosed') this.#counted -= 1;
  }

  /** Is there to be another attempt? Handlers have been asked what they want. */
  allow(error: ProxyError, decision: RetryDecision): boolean {
    const wanted = decision === undefined ? error.retry : decision.retry;
    return wanted && !this.#isTooMuch(decision?.delayMs ?? 0);
  }

  /** Makes another attempt, now or after a while. */
  repeat(decision: RetryDecision): void {
    const owner = this.#owner;
    const delayMs = decision?.delayMs ?? 0;
    // A handler may ask for another try at a group whose servers were all tried.
    if (decision?.retry === true) owner.attempts.tries = 0;
    if (delayMs > 0) this.#wait(delayMs);
    else owner.nextServer();
  }

  /** Is the limit of attempts reached, or would that of time be? */
  #isTooMuch(delayMs: number): boolean {
    const { attempts, shared, startedMs } = this.#owner;
    const { tries, budgetMs } = attempts.target.group.config.retry;
    const spentMs = shared.port.loop.nowMs() + delayMs - startedMs;
    return (tries > 0 && this.#counted >= tries) || (budgetMs > 0 && spentMs >= budgetMs);
  }

  #wait(delayMs: number): void {
    const owner = this.#owner;
    const { port } = owner.shared;
    owner.client?.watchRequest();
    this.#delay = timerOperation(({ status }) => {
      if (status === 'done') owner.nextServer();
    });
    this.#delay.atMs = port.loop.nowMs() + delayMs;
    port.submit(this.#delay);
  }

  /** The exchange is over: no attempt is waited for. */
  stop(): void {
    if (this.#delay !== undefined) this.#owner.shared.port.cancel(this.#delay);
    this.#delay = undefined;
  }
}
