import { CLOSED, type Fault, ownFault } from '../../src/core/fault.ts';
import type { SpliceOperation } from '../../src/core/operation.ts';
import { EAGAIN, EINTR, SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import type { Pipe, PipePool } from '../linux/pipes.ts';
import type { EpollSocket } from './epoll-socket.ts';
import { INTERRUPTS_MAX } from './receiving.ts';
import type { SystemCalls } from './system-calls.ts';

const FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

/**
 * Moves bytes from one socket to another by a pipe, which splice(2) needs between them: pages change
 * hands, and nothing is copied. `false`: it would block, on `to` when that is exhausted.
 *
 *   socket ──fill──→ pipe ──drain──→ to
 *                      └ what `to` does not take stays with `socket`: `EpollSocket.pipe`
 */
export function splice(
  calls: SystemCalls,
  pipes: PipePool,
  socket: EpollSocket,
  to: EpollSocket | undefined,
  operation: SpliceOperation,
): boolean {
  operation.held = socket.pipe?.bytes ?? 0;
  const misfit = misfitOf(socket, to);
  if (to === undefined || misfit !== undefined) return fail(operation, 'to', misfit ?? CLOSED);
  for (;;) {
    const room = operation.maxBytes - operation.bytes;
    if (room <= 0) return true;
    // What a peer does not read stays with its sender: nothing is taken that cannot go on.
    if (to.writable === 'exhausted') return isMoved(operation);
    const pipe = socket.pipe ?? fill(calls, pipes, socket, operation, room);
    if (pipe === undefined) return operation.outcome !== 'done' || operation.bytes > 0;
    const goesOn = drain(calls, socket, pipe, to, operation, Math.min(room, pipe.bytes));
    if (!goesOn) return operation.outcome === 'failed';
  }
}

/** Everything that was taken is with the other socket: `done`. Else it goes on once that is ready. */
function isMoved({ bytes, held }: SpliceOperation): boolean {
  return bytes > 0 && held === 0;
}

function misfitOf(socket: EpollSocket, to: EpollSocket | undefined): Fault | undefined {
  if (to === undefined || to.lingering !== undefined) return CLOSED;
  const fits = to.kind === 'stream' && to.opening === undefined && to !== socket;
  return fits ? undefined : ownFault('badArgument', 'splice');
}

/** A pipe with what the socket has; or none: `outcome` says why, or it would block. */
function fill(
  calls: SystemCalls,
  pipes: PipePool,
  socket: EpollSocket,
  operation: SpliceOperation,
  room: number,
): Pipe | undefined {
  if (socket.readable === 'exhausted') return undefined;
  const pipe = pipes.take();
  if (pipe === undefined || typeof pipe === 'number') {
    if (operation.bytes > 0) return undefined;
    operation.outcome = pipe === undefined ? 'refused' : 'failed';
    if (pipe !== undefined) operation.fault = faultOfErrno(pipe, 'pipe2');
    return undefined;
  }
  const taken = move(calls, socket.fd, pipe.writeEnd, room);
  if (taken > 0) {
    // A short answer says nothing: the pipe may have been full before the socket was empty.
    socket.readable = 'ready';
    socket.pipe = pipe;
    pipe.bytes = taken;
    operation.held = taken;
    return pipe;
  }
  pipe.release();
  socket.readable = taken === -EAGAIN ? 'exhausted' : 'ready';
  if (taken !== -EAGAIN) tellEnd(socket, operation, taken);
  return undefined;
}

/** `true`: all of it is with the other socket. `false`: it would block, or has failed. */
function drain(
  calls: SystemCalls,
  socket: EpollSocket,
  pipe: Pipe,
  to: EpollSocket,
  operation: SpliceOperation,
  bytes: number,
): boolean {
  for (let left = bytes; left > 0; ) {
    const moved = move(calls, pipe.readEnd, to.fd, left);
    if (moved === -EAGAIN) {
      to.writable = 'exhausted';
      return false;
    }
    if (moved <= 0) {
      operation.faultSide = 'to';
      // A pipe that counts bytes and has none would be a bug, and not the peer's affair.
      const fault = moved < 0 ? faultOfErrno(moved, 'splice') : ownFault('adapter', 'splice');
      to.tellBroken(fault, operation);
      return false;
    }
    to.writable = 'ready';
    left -= moved;
    pipe.bytes -= moved;
    operation.bytes += moved;
    operation.held = pipe.bytes;
  }
  if (pipe.bytes === 0) {
    socket.pipe = undefined;
    pipe.release();
  }
  return true;
}

/** The end of the stream, or what broke it, is the next answer when this one has bytes to tell of. */
function tellEnd(socket: EpollSocket, operation: SpliceOperation, answer: number): void {
  if (answer < 0) socket.tellBroken(faultOfErrno(answer, 'splice'), operation);
  else if (socket.broken !== undefined) socket.tellBroken(socket.broken, operation);
  else operation.outcome = 'eof';
  if (operation.bytes > 0) {
    operation.outcome = 'done';
    operation.fault = undefined;
  } else if (operation.outcome === 'failed') operation.faultSide = 'socket';
}

function fail(operation: SpliceOperation, side: 'to', fault: Fault): true {
  operation.outcome = 'failed';
  operation.fault = fault;
  operation.faultSide = side;
  return true;
}

/** A call that a signal has interrupted is made again. */
function move(calls: SystemCalls, from: number, to: number, bytes: number): number {
  for (let tries = 0; ; tries += 1) {
    const moved = calls.splice(from, to, bytes, FLAGS);
    if (moved !== -EINTR || tries === INTERRUPTS_MAX) return moved;
  }
}
