import { CLOSED, type Fault, ownFault } from '../fault.ts';
import type { Outcome, SocketOperation } from '../operation.ts';
import type { Attempt } from '../reactor.ts';

/** One direction of a socket, as a reactor sees it. */
export interface Side {
  /** Is an attempt worth making? */
  readonly ready: boolean;
  attempt(operation: SocketOperation): Attempt;
  /** Makes sure that the socket's watches are told once `ready` holds. */
  arm(): void;
  /** Gives up what `operation` has begun. */
  abandon(operation: SocketOperation): void;
  /** The socket goes: returns every buffer. */
  discard(): void;
}

/** The operation has its answer. */
export function answer(operation: SocketOperation, outcome: Outcome, fault?: Fault): Attempt {
  operation.status = outcome;
  operation.fault = fault;
  return 'completed';
}

/** The same answer as that of an operation of the bridge's own. */
export function answerAs(operation: SocketOperation, own: SocketOperation): Attempt {
  const { status } = own;
  if (status === 'idle' || status === 'pending') return answer(operation, 'failed', CLOSED);
  return answer(operation, status, own.fault);
}

/** An operation that this socket does not know: a datagram from a stream, and the like. */
export function answerMisfit(operation: SocketOperation): Attempt {
  return answer(operation, 'failed', ownFault('badArgument', operation.kind));
}
