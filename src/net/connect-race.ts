import type { Endpoint } from '../core/endpoint.ts';
import type { SocketId, TimerOperation } from '../core/operation.ts';
import { closeOperation, connectOperation, timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { parseEndpoint } from './address.ts';
import { CandidateQueue } from './candidate-queue.ts';
import { type ConnectAttempt, IoError } from './io-error.ts';
import { endOf, type RaceAttempt, raceError } from './race-attempt.ts';
import { type ConnectOptions, Stream } from './stream.ts';
import { deadlineOf } from './wait.ts';

/** Connection Attempt Delay: how long one attempt is alone, in milliseconds (RFC 8305 §5). */
export const ATTEMPT_DELAY_MS: number = 250;
/** Its bounds (RFC 8305 §5: at least 10 ms, and at most 2 s). */
export const ATTEMPT_DELAY_MS_MIN: number = 10;
export const ATTEMPT_DELAY_MS_MAX: number = 2_000;
/** Attempts of one race; what is left of a longer list is not tried. */
export const RACE_ATTEMPTS_MAX: number = 16;

export type RaceOptions = ConnectOptions & {
  /** From 10 to 2,000 ms; default: 250. */
  readonly attemptDelayMs?: number;
};

/** Where to connect to; what comes late takes part from then on. */
export type Candidates = Iterable<Endpoint | string> | AsyncIterable<Endpoint | string>;

/**
 * Connects to whichever of `candidates` answers first (Happy Eyeballs, RFC 8305 §5). One attempt
 * begins at once, the next one 250 ms later or as soon as one has failed, families taking turns;
 * earlier ones go on meanwhile. The first connection wins; the others are given up, and none of
 * them stays open. When all have failed, or the time is up, the `IoError` tells of each in
 * `attempts`. Before it rejects, every attempt has ended and no timer is left. With `local`,
 * candidates of other families are passed over.
 *
 * An asynchronous source is asked to `return` when the race is over, and not waited for.
 */
export function connectRace(
  port: ProactorPort,
  candidates: Candidates,
  options: RaceOptions = {},
): Promise<Stream> {
  const { signal, attemptDelayMs = ATTEMPT_DELAY_MS } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  if (!(attemptDelayMs >= ATTEMPT_DELAY_MS_MIN && attemptDelayMs <= ATTEMPT_DELAY_MS_MAX)) {
    const bounds = `from ${ATTEMPT_DELAY_MS_MIN} to ${ATTEMPT_DELAY_MS_MAX}`;
    return Promise.reject(new RangeError(`attemptDelayMs ${attemptDelayMs} is not ${bounds}`));
  }
  return new Promise((resolve, reject) => {
    new Race(port, options, attemptDelayMs, resolve, reject).run(candidates);
  });
}

/**
 *   racing ──one connects──► over: resolved; the others are cancelled
 *      └──all have failed, deadline, abort──► over: cancelled, rejected when nothing is left
 */
class Race {
  readonly #port: ProactorPort;
  readonly #signal: AbortSignal | undefined;
  readonly #local: Endpoint | undefined;
  readonly #deadlineMs: number;
  readonly #delayMs: number;
  readonly #resolve: (stream: Stream) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #queue = new CandidateQueue();
  readonly #attempts: RaceAttempt[] = [];
  /** What was offered and is no endpoint. */
  readonly #misfits: ConnectAttempt[] = [];
  /** The next attempt, or the deadline. */
  readonly #timer: TimerOperation;
  #rearming = false;
  #iterator: AsyncIterator<Endpoint | string> | undefined;
  #sourceEnded = false;
  #sourceFailed = false;
  #sourceError: unknown;
  /** When the next attempt may begin although others are under way. */
  #nextMs = 0;
  #connecting = 0;
  #closing = 0;
  #over = false;
  /** Why, once nothing is left; `undefined` for a race that was won. */
  #failure: { readonly reason: unknown } | undefined;
  readonly #onAbort: () => void;

  constructor(
    port: ProactorPort,
    options: ConnectOptions,
    delayMs: number,
    resolve: (stream: Stream) => void,
    reject: (reason: unknown) => void,
  ) {
    const { signal, local } = options;
    this.#port = port;
    this.#signal = signal;
    this.#local = typeof local === 'string' ? parseEndpoint(local, { port: 0 }) : local;
    this.#deadlineMs = deadlineOf(port, options) || Number.POSITIVE_INFINITY;
    this.#delayMs = delayMs;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = timerOperation(() => this.#onTime());
    this.#onAbort = () => this.#fail(signal?.reason);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  run(candidates: Candidates): void {
    if (Symbol.iterator in candidates) {
      try {
        for (const candidate of candidates) {
          this.#offer(candidate);
          if (this.#queue.full) break;
        }
      } catch (error) {
        this.#sourceThrew(error);
      }
      this.#sourceEnded = true;
    } else {
      this.#iterator = candidates[Symbol.asyncIterator]();
      void this.#follow(this.#iterator);
    }
    this.#advance();
  }

  async #follow(source: AsyncIterator<Endpoint | string>): Promise<void> {
    try {
      while (!this.#over && !this.#queue.full) {
        const next = await source.next();
        if (next.done === true) break;
        this.#offer(next.value);
        this.#advance();
      }
    } catch (error) {
      this.#sourceThrew(error);
    }
    this.#sourceEnded = true;
    this.#advance();
  }

  #sourceThrew(error: unknown): void {
    this.#sourceFailed = true;
    this.#sourceError = error;
  }

  #offer(candidate: Endpoint | string): void {
    const endpoint = this.#endpointOf(candidate);
    if (endpoint === undefined) return;
    if (this.#local === undefined || this.#local.family === endpoint.family) {
      this.#queue.add(endpoint);
    }
  }

  #endpointOf(candidate: Endpoint | string): Endpoint | undefined {
    if (typeof candidate !== 'string') return candidate;
    try {
      return parseEndpoint(candidate);
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      if (this.#misfits.length < RACE_ATTEMPTS_MAX) {
        const { code } = error;
        this.#misfits.push({ endpoint: candidate, code, fault: undefined, ms: 0 });
      }
      return undefined;
    }
  }

  /** Begins the next attempt when it is time, and ends the race when none can be won any more. */
  #advance(): void {
    if (this.#over) return;
    const nowMs = this.#port.loop.nowMs();
    if (this.#connecting === 0 || nowMs >= this.#nextMs) this.#attempt(nowMs);
    if (this.#connecting > 0) this.#arm(this.#mayAttempt ? this.#nextMs : this.#deadlineMs);
    else if (this.#sourceEnded || this.#attempts.length === RACE_ATTEMPTS_MAX) this.#lost();
    else this.#arm(this.#deadlineMs);
  }

  get #mayAttempt(): boolean {
    return this.#queue.size > 0 && this.#attempts.length < RACE_ATTEMPTS_MAX;
  }

  #attempt(nowMs: number): void {
    const endpoint = this.#mayAttempt ? this.#queue.take() : undefined;
    if (endpoint === undefined) return;
    const operation = connectOperation(endpoint, () => this.#connected(attempt));
    const attempt: RaceAttempt = { operation, startedMs: nowMs, end: undefined };
    operation.local = this.#local;
    if (this.#deadlineMs < Number.POSITIVE_INFINITY) operation.deadlineMs = this.#deadlineMs;
    this.#attempts.push(attempt);
    this.#connecting += 1;
    this.#nextMs = nowMs + this.#delayMs;
    this.#port.submit(operation);
  }

  #connected(attempt: RaceAttempt): void {
    this.#connecting -= 1;
    const { status, socket } = attempt.operation;
    if (status === 'done') {
      if (this.#over) this.#closeLate(socket);
      else this.#won(socket);
      return;
    }
    attempt.end ??= endOf(attempt, this.#port.loop.nowMs());
    if (this.#over) this.#settle();
    else if (status === 'expired') this.#expired();
    else {
      this.#nextMs = 0;
      this.#advance();
    }
  }

  #won(socket: SocketId): void {
    this.#finish();
    this.#resolve(new Stream(this.#port, socket));
  }

  /** Two connections in one turn: who comes second is not wanted. */
  #closeLate(socket: SocketId): void {
    const close = closeOperation(socket, () => {
      this.#closing -= 1;
      this.#settle();
    });
    close.how = 'reset';
    this.#closing += 1;
    this.#port.submit(close);
  }

  #expired(): void {
    const nowMs = this.#port.loop.nowMs();
    for (const attempt of this.#attempts) attempt.end ??= endOf(attempt, nowMs, 'expired');
    this.#fail(this.#error('expired'));
  }

  /** Every attempt has failed, and no other will come. */
  #lost(): void {
    const nothing = this.#attempts.length + this.#misfits.length === 0;
    // A name that has no address: its resolver says it best.
    this.#fail(nothing && this.#sourceFailed ? this.#sourceError : this.#error());
  }

  #error(ended?: 'cancelled' | 'expired'): IoError {
    const ends = this.#attempts.flatMap(({ end }) => (end === undefined ? [] : [end]));
    return raceError(ended, [...ends, ...this.#misfits], this.#sourceError);
  }

  #fail(reason: unknown): void {
    if (this.#over) return;
    this.#failure = { reason };
    this.#finish();
    this.#settle();
  }

  #finish(): void {
    this.#over = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#iterator?.return?.().catch(() => {}); // Nobody is left who wants to know.
    this.#port.cancel(this.#timer);
    for (const { operation } of this.#attempts) this.#port.cancel(operation);
  }

  #settle(): void {
    const busy = this.#connecting + this.#closing > 0 || this.#timer.status === 'pending';
    if (this.#failure !== undefined && !busy) this.#reject(this.#failure.reason);
  }

  #arm(atMs: number): void {
    const dueMs = Math.min(atMs, this.#deadlineMs);
    const timer = this.#timer;
    if (timer.status === 'pending') {
      if (dueMs >= timer.atMs) return;
      this.#rearming = true; // It is set anew when it has ended.
      this.#port.cancel(timer);
    } else if (dueMs < Number.POSITIVE_INFINITY) {
      timer.atMs = dueMs;
      this.#port.submit(timer);
    }
  }

  #onTime(): void {
    const rearming = this.#rearming;
    this.#rearming = false;
    if (this.#over) this.#settle();
    else if (this.#timer.status === 'cancelled' && !rearming) {
      this.#fail(this.#error('cancelled'));
    } else if (this.#port.loop.nowMs() >= this.#deadlineMs) this.#expired();
    else this.#advance();
  }
}
