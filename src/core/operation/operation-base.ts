import type { Fault } from '../fault.ts';
import type { Operation } from '../operation.ts';

/** A socket, numbered by its adapter: slot and generation, so that a recycled slot never matches. */
export type SocketId = number;

/** No descriptor has this number. */
export const NO_DESCRIPTOR = -1;

/** No socket has this number. */
export const NO_SOCKET: SocketId = -1;

/**
 * How an operation ended. Only `failed` and `icmp` come with a fault; the others are ordinary.
 * `icmp`: the network sent a notice about an earlier datagram; the socket goes on working.
 * `refused`: a limit of ours said no, and nothing was started.
 */
export type Outcome = 'done' | 'eof' | 'icmp' | 'refused' | 'expired' | 'cancelled' | 'failed';

/** A port that has pending operations. */
export interface Holder {
  /** The deadline of `operation` has passed: ends it as `expired`, now. */
  expire(operation: Operation): void;
}

/**
 * What every operation has. The caller makes the object once and submits it again and again:
 * request and answer are its fields, so a use allocates nothing.
 */
export type OperationBase = {
  status: 'idle' | 'pending' | Outcome;
  /** Why, when `status` is `failed` or `icmp`. */
  fault: Fault | undefined;
  /** Ends as `expired` at this time on the port's clock, in milliseconds; 0 is never. */
  deadlineMs: number;
  /** Runs once per submit, from the loop, with the operation itself; may submit it again. */
  onComplete(operation: Operation): void;
  /** The port's own, as all that follows: who is to be told when the deadline has passed. */
  holder: Holder | undefined;
  /** It has ended, as `outcome`, and waits in the loop to be delivered. */
  ended: boolean;
  outcome: Outcome;
  dueMs: number;
  dueIndex: number;
  dueOrder: number;
};
