import { ownFault } from '../core/fault.ts';
import type { Operation, TimerOperation } from '../core/operation.ts';
import { timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { IoError, type IoErrorOptions } from './io-error.ts';

/** How long a person is ready to wait. Whichever comes first ends the wait. */
export type WaitOptions = {
  /** Rejects with the signal's reason; what was received already stays readable. */
  readonly signal?: AbortSignal | undefined;
  /** From now, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Absolute, in milliseconds on the port's clock. */
  readonly deadlineMs?: number | undefined;
};

/** The earlier of both ends, absolute; 0 is never. */
export function deadlineOf(port: ProactorPort, options: WaitOptions): number {
  const { timeoutMs, deadlineMs } = options;
  const first = timeoutMs === undefined ? Number.POSITIVE_INFINITY : port.loop.nowMs() + timeoutMs;
  const earlier = Math.min(first, deadlineMs ?? Number.POSITIVE_INFINITY);
  // An operation says `never` by 0, so a deadline of 0 or less becomes one that has just passed.
  return earlier === Number.POSITIVE_INFINITY ? 0 : Math.max(earlier, Number.MIN_VALUE);
}

/** Says as an error how an operation ended that is neither `done` nor `eof`. */
export function errorOf(operation: Operation, options?: IoErrorOptions): IoError {
  const { kind, status, fault } = operation;
  if (fault !== undefined) return new IoError(fault, options);
  if (status === 'cancelled' || status === 'expired') {
    return new IoError({ code: status, call: kind }, options);
  }
  if (status === 'refused') return new IoError({ code: 'limit', call: kind }, options);
  return new IoError(ownFault('adapter', kind), options);
}

/** What is to be made of an operation's end, inside its completion: lent views end with it. */
export type Perform<Kind, Value> = WaitOptions & {
  /** Makes the value, after `done` and `eof`. */
  readonly take: (operation: Kind) => Value;
  /** Keeps what a wait that ended otherwise had reached. */
  readonly keep?: (operation: Kind) => void;
  /** For the error's text. */
  readonly about?: string;
};

/**
 * Submits `operation` and waits for its end. Nothing is submitted when the signal has aborted
 * already. An operation that got done although it was to be cancelled counts as done, so that
 * what it received or opened is not lost.
 */
export function perform<Kind extends Operation, Value>(
  port: ProactorPort,
  operation: Kind,
  wanted: Perform<Kind, Value>,
): Promise<Value> {
  const { signal, about } = wanted;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => port.cancel(operation);
    operation.onComplete = () => {
      signal?.removeEventListener('abort', abort);
      if (operation.status === 'done' || operation.status === 'eof') {
        resolve(wanted.take(operation));
        return;
      }
      wanted.keep?.(operation);
      if (operation.status === 'cancelled' && signal?.aborted) reject(signal.reason);
      else reject(errorOf(operation, about === undefined ? undefined : { about }));
    };
    operation.deadlineMs = deadlineOf(port, wanted);
    port.submit(operation);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** A wait for something that is no operation. It ends once: resolved, rejected or given up. */
export class Waiter {
  readonly promise: Promise<void>;
  settled = false;
  readonly #port: ProactorPort;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: TimerOperation | undefined;
  #resolve!: () => void;
  #reject!: (reason: unknown) => void;
  readonly #onAbort: () => void;

  /** `onGivenUp` runs when the signal or the deadline has ended the wait. */
  constructor(port: ProactorPort, call: string, options: WaitOptions, onGivenUp: () => void) {
    this.#port = port;
    this.#signal = options.signal;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const giveUp = (reason: unknown) => {
      if (this.settled) return;
      this.reject(reason);
      onGivenUp();
    };
    this.#onAbort = () => giveUp(this.#signal?.reason);
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    const atMs = deadlineOf(port, options);
    if (atMs === 0) return;
    this.#timer = timerOperation(({ status }) => {
      if (status === 'done') giveUp(new IoError({ code: 'expired', call }));
    });
    this.#timer.atMs = atMs;
    port.submit(this.#timer);
  }

  resolve(): void {
    if (this.#end()) this.#resolve();
  }

  reject(reason: unknown): void {
    if (this.#end()) this.#reject(reason);
  }

  #end(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#timer !== undefined) this.#port.cancel(this.#timer);
    return true;
  }
}
