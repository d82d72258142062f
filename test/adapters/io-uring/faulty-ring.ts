import {
  EBUSY,
  IORING_OP_ACCEPT,
  IORING_OP_NOP,
  IORING_OP_POLL_ADD,
  IORING_OP_RECV,
  IORING_OP_SEND,
  IORING_OP_SENDMSG,
} from '../../../adapters/io-uring/constants.ts';
import type { SystemCalls } from '../../../adapters/io-uring/system-calls.ts';
import { EAGAIN, ECONNABORTED, EINTR, ENOBUFS } from '../../../adapters/linux/constants.ts';
import { SimRandom } from '../../../adapters/sim/sim-random.ts';

/** How likely each fault is, 0 to 1. All of them are such that nobody may notice. */
export type FaultRates = {
  /** io_uring_enter ends as EINTR, EAGAIN or EBUSY and has done nothing. */
  readonly refusals?: number;
  /** The kernel takes one request of many. */
  readonly fewTaken?: number;
  /** A request ends with an error number that says: again. */
  readonly again?: number;
  /** A poll reports what is not so. */
  readonly spurious?: number;
  /** Fewer bytes than could have been received or sent. */
  readonly short?: number;
};

/** What was done to the program, by name. */
export type Injected = Record<string, number>;

/** IORING_NOP_INJECT_RESULT (Linux 6.10): a NOP that completes with the result it is told. */
const INJECT_RESULT = 1;
const ENTRY_WORDS = 16;
const SQES_OFFSET = 0x10000000;
const POLLED = 0x5; // POLLIN and POLLOUT
/** Half of what is cut short is cut to so few bytes, or fewer. */
const FEW_BYTES = 8;

const AGAIN: ReadonlyMap<number, readonly number[]> = new Map([
  [IORING_OP_SEND, [EAGAIN, EINTR]],
  [IORING_OP_SENDMSG, [EAGAIN, EINTR]],
  [IORING_OP_RECV, [EAGAIN, EINTR, ENOBUFS]],
  [IORING_OP_ACCEPT, [EINTR, ECONNABORTED]],
]);

/**
 * The system's calls, with faults by seed. They are made where the kernel would make them: in the
 * submission queue, just before it is handed over, requests are made shorter, or into NOPs that
 * complete with another result.
 */
export function faultyRing(
  real: SystemCalls,
  seed: number,
  rates: FaultRates,
  injected: Injected,
): SystemCalls {
  const random = new SimRandom(seed);
  let words = new Int32Array(0);
  let entries = new Int32Array(0);
  let [head, tail, mask, seen] = [0, 0, 0, 0];
  const happens = (rate: keyof FaultRates, what: string): boolean => {
    if (!random.chance(rates[rate] ?? 0)) return false;
    injected[what] = (injected[what] ?? 0) + 1;
    return true;
  };
  const pick = (list: readonly number[]): number =>
    list[random.nextUint32() % list.length] as number;

  function inject(at: number, result: number): void {
    entries[at] = IORING_OP_NOP;
    entries[at + 6] = result;
    entries[at + 7] = INJECT_RESULT;
    for (const word of [2, 3, 4, 5, 11]) entries[at + word] = 0;
  }

  function spoil(at: number): void {
    const operation = (entries[at] as number) & 0xff;
    const again = AGAIN.get(operation);
    const bytes = entries[at + 6] as number;
    if (again !== undefined && happens('again', `again ${operation}`)) inject(at, -pick(again));
    else if (operation === IORING_OP_POLL_ADD && happens('spurious', 'spurious poll')) {
      inject(at, POLLED);
    } else if (
      (operation === IORING_OP_SEND || operation === IORING_OP_RECV) &&
      entries[at + 2] === 0 && // A datagram's address: datagrams are not cut.
      bytes > 1 &&
      happens('short', `short ${operation}`)
    ) {
      const most = random.chance(0.5) ? Math.min(bytes - 1, FEW_BYTES) : bytes - 1;
      entries[at + 6] = 1 + (random.nextUint32() % most);
    }
  }

  return {
    ...real,
    ringSetup(count, parameters) {
      const fd = real.ringSetup(count, parameters);
      const view = new DataView(parameters.buffer, parameters.byteOffset);
      [head, tail] = [view.getUint32(40, true) / 4, view.getUint32(44, true) / 4];
      mask = view.getUint32(0, true) - 1;
      return fd;
    },
    map(fd, bytes, offset) {
      const mapping = real.map(fd, bytes, offset);
      if (mapping === undefined) return undefined;
      if (offset === SQES_OFFSET) entries = new Int32Array(mapping.buffer);
      else words = new Int32Array(mapping.buffer);
      return mapping;
    },
    ringEnter(ring, count, flags) {
      if (happens('refusals', 'refusal')) return -pick([EINTR, EAGAIN, EBUSY]);
      const end = words[tail] as number;
      if (((seen - (words[head] as number)) | 0) < 0) seen = words[head] as number;
      for (; seen !== end; seen = (seen + 1) | 0) spoil((seen & mask) * ENTRY_WORDS);
      const few = count > 1 && happens('fewTaken', 'one of many');
      return real.ringEnter(ring, few ? 1 : count, flags);
    },
  };
}
