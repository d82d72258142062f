import type { ProactorPort } from '../core/proactor.ts';
import type { LookupCall } from './address-set.ts';
import { DnsError } from './dns-error.ts';
import { shownName } from './name-plans.ts';
import type { Search } from './records/found.ts';
import { type WaitingCall, WaitingCalls } from './waiting-calls.ts';

/** Calls that may wait at once; one more ends with `ENOSERVER`. */
export const CALLS_MAX: number = 65_536;

/** Why it ended, when its signal has fired. */
export const BY_CALLER = 'the caller ended it';

/** What a call asks for. */
export interface Wanted {
  /** For the errors: as it was written. */
  readonly hostname: string;
  readonly type?: string | undefined;
  readonly call: LookupCall;
}

/** Starts a search whose end may come inside this call, or later. */
export type StartSearch<Value> = (
  deadlineMs: number,
  onEnd: (end: Value | DnsError) => void,
) => Search | undefined;

/** One call whose answer is found by a search. */
class Call<Value> implements WaitingCall {
  readonly signal: AbortSignal | undefined;
  nextCall: WaitingCall | undefined;
  previousCall: WaitingCall | undefined;
  search: Search | undefined;
  ended = false;
  readonly #wanted: Wanted;
  readonly #waiting: WaitingCalls;
  readonly #resolve: (value: Value) => void;
  readonly #reject: (error: DnsError) => void;
  #listed = false;

  constructor(
    wanted: Wanted,
    waiting: WaitingCalls,
    resolve: (value: Value) => void,
    reject: (error: DnsError) => void,
  ) {
    this.signal = wanted.call.signal;
    this.#wanted = wanted;
    this.#waiting = waiting;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  wait(): void {
    if (this.ended) return;
    this.#listed = true;
    this.#waiting.add(this);
  }

  settle(end: Value | DnsError): void {
    if (this.ended) return;
    this.ended = true;
    if (this.#listed) this.#waiting.remove(this);
    if (end instanceof DnsError) this.#reject(end);
    else this.#resolve(end);
  }

  cancel(why: string, cause?: unknown): void {
    if (this.ended) return;
    this.search?.cancel();
    this.settle(cancelled(this.#wanted, why, cause));
  }

  abort(reason: unknown): void {
    this.cancel(BY_CALLER, reason);
  }
}

/** The calls that wait for an answer: each ends once, by an answer, its signal or the close. */
export class Calls {
  readonly waiting: WaitingCalls = new WaitingCalls();
  readonly #port: ProactorPort;
  readonly #timeoutMs: number;
  #closed = false;

  constructor(port: ProactorPort, timeoutMs: number) {
    this.#port = port;
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.waiting.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Of a call that is made at `nowMs`. */
  deadlineOf({ timeoutMs = this.#timeoutMs }: LookupCall, nowMs: number): number {
    if (!(timeoutMs > 0)) throw new TypeError('timeoutMs: above 0');
    return nowMs + timeoutMs;
  }

  /** Rejects with `DnsError` alone. */
  run<Value>(wanted: Wanted, start: StartSearch<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const refusal = this.refusal(wanted);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const call = new Call<Value>(wanted, this.waiting, resolve, reject);
      const deadlineMs = this.deadlineOf(wanted.call, this.#port.loop.nowMs());
      call.search = start(deadlineMs, (end) => call.settle(end));
      call.wait();
    });
  }

  /** Ends every call with `ECANCELLED`; later ones end so at once. */
  close(): void {
    this.#closed = true;
    this.waiting.cancelAll('the resolver was closed');
  }

  /** Why a call is not even begun. */
  refusal(wanted: Wanted): DnsError | undefined {
    const { signal } = wanted.call;
    if (this.#closed) return cancelled(wanted, 'the resolver is closed');
    if (signal?.aborted) return cancelled(wanted, BY_CALLER, signal.reason);
    if (this.waiting.size < CALLS_MAX) return undefined;
    return errorFor(wanted, 'ENOSERVER', `over ${CALLS_MAX} calls wait`);
  }
}

/** The error of a call that was given up. */
export function cancelled(wanted: Wanted, why: string, cause?: unknown): DnsError {
  return errorFor(wanted, 'ECANCELLED', why, cause);
}

function errorFor(
  { hostname, type }: Wanted,
  code: DnsError['code'],
  why: string,
  cause?: unknown,
): DnsError {
  return new DnsError(code, shownName(hostname), { type, why, cause });
}
