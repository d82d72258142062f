import type { SocketOperation } from '../../src/core/operation.ts';

/**
 * The pending operations of one socket and direction, oldest first. Nearly always there is one at
 * most, which needs no array. Its length is bounded by the caller, who owns the operations.
 */
export class OperationQueue {
  first: SocketOperation | undefined = undefined;
  #rest: SocketOperation[] | undefined = undefined;

  push(operation: SocketOperation): void {
    if (this.first === undefined) {
      this.first = operation;
      return;
    }
    this.#rest ??= [];
    this.#rest.push(operation);
  }

  shift(): SocketOperation | undefined {
    const { first } = this;
    this.first = this.#rest?.shift();
    return first;
  }

  has(operation: SocketOperation): boolean {
    return this.first === operation || (this.#rest?.includes(operation) ?? false);
  }

  /** Takes out the oldest operation behind the first one that was ended early. */
  takeEnded(): SocketOperation | undefined {
    const rest = this.#rest;
    if (rest === undefined) return undefined;
    const index = rest.findIndex(({ outcome }) => isEndedEarly(outcome));
    return index < 0 ? undefined : rest.splice(index, 1)[0];
  }

  /** All of them, oldest first. Allocates: for closing. */
  list(): SocketOperation[] {
    return this.first === undefined ? [] : [this.first, ...(this.#rest ?? [])];
  }
}

/** May this outcome be delivered before what was submitted earlier? */
export function isEndedEarly(outcome: SocketOperation['outcome']): boolean {
  return outcome === 'cancelled' || outcome === 'expired';
}
