import type { LookupCall } from './address-set.ts';
import { BY_CALLER, type Calls, cancelled, type Wanted } from './calls.ts';
import { DnsError } from './dns-error.ts';
import { knownAtOnce, notKept, type Records, recordsOf } from './record-search.ts';
import type { Flight } from './records/flight.ts';
import type { Found } from './records/found.ts';
import type { Waiter } from './records/waiter.ts';
import type { ResolverParts } from './resolver-parts.ts';
import type { WaitingCall } from './waiting-calls.ts';
import { type RecordType, TYPE } from './wire/record-type.ts';

/**
 * One call for the records of a name: the call, its wish and its wait are one object, as every
 * question of a caller makes one.
 */
export class RecordCall<Type extends RecordType> implements Wanted, WaitingCall, Waiter {
  readonly hostname: string;
  readonly type: Type;
  readonly call: LookupCall;
  readonly signal: AbortSignal | undefined;
  nextCall: WaitingCall | undefined;
  previousCall: WaitingCall | undefined;
  readonly mode: 'use' | 'refresh';
  deadlineMs = 0;
  gone = false;
  found: Found | undefined;
  flight: Flight | undefined;
  next: Waiter | undefined;
  previous: Waiter | undefined;
  dueMs = 0;
  dueIndex = -1;
  dueOrder = 0;
  readonly #parts: ResolverParts;
  readonly #calls: Calls;
  readonly #resolve: (records: Records<Type>) => void;
  readonly #reject: (error: DnsError) => void;

  constructor(
    parts: ResolverParts,
    calls: Calls,
    name: string,
    type: Type,
    call: LookupCall,
    resolve: (records: Records<Type>) => void,
    reject: (error: DnsError) => void,
  ) {
    this.hostname = name;
    this.type = type;
    this.call = call;
    this.signal = call.signal;
    this.mode = call.cache === 'refresh' ? 'refresh' : 'use';
    this.#parts = parts;
    this.#calls = calls;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Ends it at once, or begins its wait. */
  start(): void {
    const parts = this.#parts;
    const refusal = this.#calls.refusal(this);
    if (refusal !== undefined) {
      this.#reject(refusal);
      return;
    }
    const nowMs = parts.nowMs();
    this.deadlineMs = this.#calls.deadlineOf(this.call, nowMs);
    parts.servers.check();
    const key = parts.plans.keyOf(this.hostname, this.type);
    if (key instanceof DnsError) {
      this.#reject(key);
      return;
    }
    const special = knownAtOnce(this.hostname, this.type);
    if (special !== undefined) {
      this.#settle(special);
      return;
    }
    const type = TYPE[this.type];
    const { source } = parts;
    if (this.call.cache === 'only') {
      const found = source.peek(key, type);
      if (found !== undefined) this.#end(found, nowMs);
      else this.#reject(notKept(this.hostname, this.type));
      return;
    }
    const found = source.seek(key, type, this, nowMs);
    if (found === undefined) this.#calls.waiting.add(this);
    else this.#end(found, nowMs);
  }

  told(found: Found): void {
    this.#calls.waiting.remove(this);
    this.#end(found, this.#parts.port.loop.turnMs);
  }

  cancel(why: string, cause?: unknown): void {
    if (this.gone) return;
    this.#calls.waiting.remove(this);
    this.#parts.source.leave(this);
    this.#reject(cancelled(this, why, cause));
  }

  abort(reason: unknown): void {
    this.cancel(BY_CALLER, reason);
  }

  #end(found: Found, nowMs: number): void {
    this.#settle(recordsOf(this.#parts, this.hostname, this.type, found, nowMs));
  }

  #settle(end: Records<Type> | DnsError): void {
    if (end instanceof DnsError) this.#reject(end);
    else this.#resolve(end);
  }
}
