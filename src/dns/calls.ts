import type { ProactorPort } from '../core/proactor.ts';
import { type Abortable, AbortGroups } from './abort-groups.ts';
import type { LookupCall } from './address-set.ts';
import { DnsError } from './dns-error.ts';
import { shownName } from './name-plans.ts';
import type { Search } from './records/found.ts';

/** Calls that may wait at once; one more ends with `ENOSERVER`. */
export const CALLS_MAX: number = 65_536;

/** What a call asks for, with its defaults. */
export type Wanted = {
  /** For the errors: as it was written. */
  readonly hostname: string;
  readonly type?: string;
  readonly call: LookupCall;
};

/** Starts a search whose end may come inside this call, or later. */
export type StartSearch<Value> = (
  deadlineMs: number,
  onEnd: (end: Value | DnsError) => void,
) => Search | undefined;

type Waiting = Abortable & { cancel(why: string, cause?: unknown): void };

/** The calls that wait for an answer: each ends once, by an answer, its signal or the close. */
export class Calls {
  readonly #port: ProactorPort;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Waiting>();
  readonly #signals = new AbortGroups();
  #closed = false;

  constructor(port: ProactorPort, timeoutMs: number) {
    this.#port = port;
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  deadlineOf({ timeoutMs = this.#timeoutMs }: LookupCall): number {
    if (!(timeoutMs > 0)) throw new TypeError('timeoutMs: above 0');
    return this.#port.loop.nowMs() + timeoutMs;
  }

  /** Rejects with `DnsError` alone. */
  run<Value>(wanted: Wanted, start: StartSearch<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(wanted);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const { signal } = wanted.call;
      let search: Search | undefined;
      let ended = false;
      const settle = (end: Value | DnsError): void => {
        if (ended) return;
        ended = true;
        this.#waiting.delete(waiting);
        this.#signals.remove(signal, waiting);
        if (end instanceof DnsError) reject(end);
        else resolve(end);
      };
      const waiting: Waiting = {
        cancel: (why, cause) => {
          if (ended) return;
          search?.cancel();
          settle(cancelled(wanted, why, cause));
        },
        abort: (reason) => waiting.cancel('the caller ended it', reason),
      };
      search = start(this.deadlineOf(wanted.call), settle);
      if (ended) return;
      this.#waiting.add(waiting);
      this.#signals.add(signal, waiting);
    });
  }

  /** Ends every call with `ECANCELLED`; later ones end so at once. */
  close(): void {
    this.#closed = true;
    for (const waiting of this.#waiting) waiting.cancel('the resolver was closed');
  }

  #refusal(wanted: Wanted): DnsError | undefined {
    const { signal } = wanted.call;
    if (this.#closed) return cancelled(wanted, 'the resolver is closed');
    if (signal?.aborted) return cancelled(wanted, 'the caller ended it', signal.reason);
    if (this.#waiting.size < CALLS_MAX) return undefined;
    return errorFor(wanted, 'ENOSERVER', `over ${CALLS_MAX} calls wait`);
  }
}

function cancelled(wanted: Wanted, why: string, cause?: unknown): DnsError {
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
