import type { BufferPool } from '../buffer-pool.ts';
import type { OperationBase, SocketId } from './operation-base.ts';

/**
 * Receives what is there, at least `minBytes`; fewer come only with `eof`, `cancelled`,
 * `expired` or `failed`. Ends as `eof` after the peer's FIN (RFC 9293 §3.6), again and again.
 *
 * With `into`, the bytes fill these buffers in turn; they are the port's from submit to
 * completion. Without it the port lends a view, `data` from `offset` on: it is the consumer's
 * until `onComplete` returns, or for good when `owned`. `minBytes` is then 1. With a `pool`, a
 * port that receives directly may put the bytes into a chunk of it instead, which it takes only
 * when bytes are there: `data` is then `chunk`, and the consumer gives that back.
 */
export type RecvOperation = OperationBase & {
  readonly kind: 'recv';
  socket: SocketId;
  /** Whoever `onComplete` is for, so that one function can serve all connections. */
  readonly owner: unknown;
  into: readonly Uint8Array[] | undefined;
  pool: BufferPool | undefined;
  chunk: Uint8Array | undefined;
  minBytes: number;
  data: Uint8Array;
  offset: number;
  bytes: number;
  owned: boolean;
};

/**
 * Ends as `done` when at least one byte can be received, as `eof` or `failed` when a receive
 * would. Consumes nothing. Shows up to `wantBytes` of what waits, as a lent view.
 */
export type PeekOperation = OperationBase & {
  readonly kind: 'peek';
  socket: SocketId;
  wantBytes: number;
  data: Uint8Array;
  offset: number;
  bytes: number;
};

/**
 * Sends `pieces[0]` to `pieces[count - 1]` in one gathered write; strings are latin1. The array
 * and the buffers are the port's from submit to completion. `done` means that the kernel has
 * everything; otherwise it has at least `bytes`, and at most `bytesPossible`.
 */
export type SendOperation = OperationBase & {
  readonly kind: 'send';
  socket: SocketId;
  /** Whoever `onComplete` is for, so that one function can serve all streams. */
  readonly owner: unknown;
  pieces: (Uint8Array | string)[];
  count: number;
  /**
   * Nothing but a close is submitted to this side of the stream any more: a port may send FIN with
   * the last of these bytes, which saves a packet.
   */
  last: boolean;
  /** Something else is sent at once behind these bytes: a port may put both into one packet. */
  more: boolean;
  bytes: number;
  bytesPossible: number;
};

/**
 * Sends `head`, `length` bytes of an open file from `position` on, and `tail`. A file that is
 * shorter ends as `failed` with `shortFile` and the progress made. `file` stays the caller's.
 */
export type TransmitOperation = OperationBase & {
  readonly kind: 'transmit';
  socket: SocketId;
  file: number;
  position: number;
  length: number;
  head: Uint8Array | undefined;
  tail: Uint8Array | undefined;
  bytes: number;
  bytesPossible: number;
};

/**
 * Moves what is received on `socket` to the sending side of `to`, another stream of the same port,
 * inside the kernel (`capabilities.splice`; `unsupported` where that is `none`). It stands among the
 * receives of `socket`; while it is pending nothing else may be sent on `to`.
 *
 * `done`: some bytes came, `maxBytes` at most, and all of them are with `to`'s kernel: `bytes`.
 * `eof`: `socket` has ended and everything before is with `to`, which is the caller's to shut down.
 * `refused`: too many bytes of other sockets are on their way already; to receive and send works.
 * `failed`: `faultSide` says which of the two; without it the means were missing. `expired`: it says
 * which was waited for.
 *
 * Whatever the end, nothing is lost: `held` bytes that `socket` gave and `to` did not take stay
 * with `socket`, in front of what it receives, for its next splice, receive or peek. They go with it
 * when it is closed.
 */
export type SpliceOperation = OperationBase & {
  readonly kind: 'splice';
  socket: SocketId;
  to: SocketId;
  maxBytes: number;
  bytes: number;
  held: number;
  faultSide: 'socket' | 'to' | undefined;
};

/** Sends FIN after everything that was sent before; receiving goes on (RFC 9293 §3.6). */
export type ShutdownOperation = OperationBase & {
  readonly kind: 'shutdown';
  socket: SocketId;
};
