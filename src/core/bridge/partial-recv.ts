import type { Outcome, RecvOperation } from '../operation.ts';

/** Bytes that a receive can take into its own buffers. */
export function roomOf(into: readonly Uint8Array[]): number {
  let room = 0;
  for (const buffer of into) room += buffer.length;
  return room;
}

/**
 * A receive with a minimum, filled over several attempts: an attempt takes what is there and
 * knows no minimum. Between them the operation names the rest of its buffers; its own request
 * is put back when it ends, however it ends.
 */
export class PartialRecv {
  readonly #operation: RecvOperation;
  readonly #into: readonly Uint8Array[];
  readonly #minBytes: number;
  #bytes = 0;

  constructor(operation: RecvOperation, into: readonly Uint8Array[]) {
    this.#operation = operation;
    this.#into = into;
    this.#minBytes = operation.minBytes;
    operation.minBytes = 1;
  }

  /** Counts what an attempt brought. `false`: that is not enough, attempt again. */
  take(outcome: Outcome): boolean {
    const operation = this.#operation;
    this.#bytes += operation.bytes;
    operation.bytes = 0;
    const enough = Math.min(this.#minBytes, roomOf(this.#into));
    if (outcome !== 'done' || this.#bytes >= enough) return true;
    operation.into = restOf(this.#into, this.#bytes);
    return false;
  }

  /** Puts the request back and says how much came. */
  restore(): void {
    this.#operation.into = this.#into;
    this.#operation.minBytes = this.#minBytes;
    this.#operation.bytes = this.#bytes;
  }
}

function restOf(into: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = bytes;
  for (const buffer of into) {
    if (skip < buffer.length) rest.push(buffer.subarray(skip));
    skip = Math.max(0, skip - buffer.length);
  }
  return rest;
}
