import { InvariantError } from './invariant-error.ts';
import { NO_SOCKET, type SocketId, type SocketOperation } from './operation.ts';
import type { Port } from './port.ts';

/** Which side of a socket to wait on. */
export type Direction = 'read' | 'write';

/**
 * How an attempt went: the operation has its answer, or it would block, and this is the
 * direction on which waiting makes sense.
 */
export type Attempt = 'completed' | Direction;

/**
 * A wait for one direction of one socket, owned by the caller and used again and again. It is
 * level triggered: when an attempt is worth making already, it reports on the next turn.
 */
export type Watch = {
  readonly direction: Direction;
  socket: SocketId;
  waiting: boolean;
  /** Runs once per `wait`, from the loop: an attempt is worth making, or the socket is gone. */
  onReady(watch: Watch): void;
};

/**
 * Answers now. Nothing is lent beyond the call: an attempt that would block leaves the
 * operation `idle` and keeps no buffer, so the next attempt may name another one.
 */
export interface Reactor {
  /**
   * Tries `operation` once. `completed`: status and answer are set, and `onComplete` does not
   * run. A view that the answer lends is the caller's until its next attempt, or until control is
   * back at the loop. Deadlines are not looked at. A `recv` takes what is there: `minBytes` is the
   * proactor's, and whoever needs a minimum attempts again with the rest of the buffers.
   *
   * A `listen`, `connect`, `udpOpen`, `adopt` or `close` that would block has begun, as may have any
   * operation that sends: the port knows it by its object and its `socket`, which is set, and it is
   * waited for and attempted again until it completes, or given up by `abandon`.
   * A send may be taken in part: it would block then, with `bytes` counting what went out, and
   * the next attempt of the same operation goes on from there. One that has ended starts afresh:
   * an `idle` operation goes on from its `bytes`, one with an outcome from 0.
   */
  attempt(operation: SocketOperation): Attempt;

  /**
   * Gives up an operation that would block. It is `cancelled`, with the progress it had. What it
   * had begun ends: an opening leaves no socket, and a close lingers no more.
   */
  abandon(operation: SocketOperation): void;

  /**
   * Asks for one report; a watch that waits already may not be given again. Several watches may
   * wait for one direction. Waiting on a socket that is gone reports, and the attempt then says so.
   */
  wait(watch: Watch): void;

  /** Takes the request back: `waiting` is false, and no report comes after this call. */
  unwait(watch: Watch): void;
}

/** A whole adapter, or a bridge, with the reactor's face. */
export interface ReactorPort extends Port, Reactor {}

export function makeWatch(direction: Direction, onReady: (watch: Watch) => void): Watch {
  return { direction, socket: NO_SOCKET, waiting: false, onReady };
}

/** For ports: takes the watch over. */
export function beginWait(watch: Watch): void {
  if (watch.waiting) throw new InvariantError('waited for twice');
  watch.waiting = true;
}
