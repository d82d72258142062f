import type { OperationBase, SocketId } from './operation-base.ts';

/**
 * Ends a socket: its pending operations end as `cancelled`, and this one completes last.
 *
 * - `graceful`: delivers what was sent, sends FIN, then reads and drops until the peer's FIN, but
 *   no longer than `lingerMs` and no more than `lingerBytes`, so that the peer sees no RST;
 * - `reset`: drops what is unsent and sends RST;
 * - `detach`: gives the descriptor away unharmed, where the adapter can (`capabilities.detach`).
 *   Nothing is shut down, and what was not received waits in the kernel. What was cancelled says
 *   how far it had come; bytes that stand in an outbox above the port were never submitted, and
 *   are its owner's affair. The descriptor stays non-blocking, and a UNIX listener keeps its name.
 *   It fails as `badArgument`, and the socket goes on, when the port holds what it cannot put back:
 *   bytes of a splice, or a connection that came for an accept that was cancelled. To receive or
 *   to accept takes them.
 */
export type CloseOperation = OperationBase & {
  readonly kind: 'close';
  socket: SocketId;
  how: 'graceful' | 'reset' | 'detach';
  lingerMs: number;
  lingerBytes: number;
  /**
   * After a `detach` that is `done`: the descriptor, valid in the whole process and the caller's
   * to close or to have adopted. Otherwise -1, also when the socket was only being opened.
   */
  descriptor: number;
};
