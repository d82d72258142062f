import { type Abortable, AbortGroups } from './abort-groups.ts';

/** A call that waits for its answer. It is in the list by itself: no object is made for that. */
export interface WaitingCall extends Abortable {
  readonly signal: AbortSignal | undefined;
  /** Its neighbours: the list's own. */
  nextCall: WaitingCall | undefined;
  previousCall: WaitingCall | undefined;
  /** Ends it with `ECANCELLED`, and removes it from the list. */
  cancel(why: string, cause?: unknown): void;
}

/**
 * The calls that wait, with one listener per signal. A list and no `Set`: one that changes with
 * every call keeps what it held (see `FlightTable`).
 */
export class WaitingCalls {
  readonly #signals = new AbortGroups();
  #first: WaitingCall | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(call: WaitingCall): void {
    call.nextCall = this.#first;
    if (this.#first !== undefined) this.#first.previousCall = call;
    this.#first = call;
    this.#size += 1;
    this.#signals.add(call.signal, call);
  }

  /** It is in the list. */
  remove(call: WaitingCall): void {
    const { nextCall, previousCall } = call;
    if (previousCall === undefined) this.#first = nextCall;
    else previousCall.nextCall = nextCall;
    if (nextCall !== undefined) nextCall.previousCall = previousCall;
    call.nextCall = undefined;
    call.previousCall = undefined;
    this.#size -= 1;
    this.#signals.remove(call.signal, call);
  }

  cancelAll(why: string): void {
    for (let call = this.#first; call !== undefined; call = this.#first) call.cancel(why);
  }
}
