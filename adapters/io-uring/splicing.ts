import { CLOSED, type Fault, ownFault } from '../../src/core/fault.ts';
import type { SpliceOperation } from '../../src/core/operation.ts';
import { EAGAIN, EINTR, SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import type { Pipe } from '../linux/pipes.ts';
import { POLLIN, POLLOUT } from './constants.ts';
import type { Driver } from './driver.ts';
import { INTERRUPTS_MAX } from './ring.ts';
import { TAG } from './tag.ts';
import type { UringSocket } from './uring-socket.ts';

const FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

/** How one look has ended: it is over, or goes on when this side is ready. */
type Look = 'over' | 'socket' | 'to';

/**
 * Begins a splice, the first operation of its lane. It waits by polls, for the one side or the
 * other, and moves by plain calls that do not wait: as requests of the ring, the two moves through
 * the pipe would wait for one another in the kernel's threads.
 *
 *   socket ──fill──→ pipe ──drain──→ to
 *                      └ what `to` does not take stays with `socket`: `UringSocket.pipe`
 */
export function startSplice(driver: Driver, socket: UringSocket): void {
  if (socket.pipe !== undefined) driver.bulk.serveSoon(driver, socket);
  else waitForBytes(driver, socket);
}

/** Goes on with a splice in its turn; how many bytes it has moved. */
export function splice(driver: Driver, socket: UringSocket, operation: SpliceOperation): number {
  const to = driver.sockets.get(operation.to);
  forgetWait(socket, to);
  const before = operation.bytes;
  operation.held = socket.pipe?.bytes ?? 0;
  if (operation.outcome !== 'done' || socket.ending) {
    const outcome = operation.outcome === 'done' ? 'cancelled' : operation.outcome;
    driver.finish(socket, socket.read, outcome);
    return 0;
  }
  const misfit = misfitOf(socket, to);
  const look = misfit === undefined ? move(driver, socket, to as UringSocket, operation) : 'over';
  if (misfit !== undefined) fail(operation, 'to', misfit);
  if (look === 'over') driver.finish(socket, socket.read, operation.outcome);
  else if (look === 'socket') waitForBytes(driver, socket);
  else waitForRoom(driver, socket, to as UringSocket);
  return operation.bytes - before;
}

/** The socket ends: splices that wait for room in it have waited in vain. */
export function endSplicesTo(driver: Driver, to: UringSocket): void {
  for (const socket of to.splicedFrom ?? []) driver.ring.cancel(socket.id, TAG.spliceRoom);
}

function waitForBytes(driver: Driver, { read, fd, id }: UringSocket): void {
  read.request = TAG.bulk;
  driver.ring.poll(fd, POLLIN, id, TAG.bulk);
}

function waitForRoom(driver: Driver, socket: UringSocket, to: UringSocket): void {
  socket.read.request = TAG.spliceRoom;
  to.splicedFrom ??= [];
  to.splicedFrom.push(socket);
  driver.ring.poll(to.fd, POLLOUT, socket.id, TAG.spliceRoom);
}

function forgetWait(socket: UringSocket, to: UringSocket | undefined): void {
  const at = to?.splicedFrom?.indexOf(socket) ?? -1;
  if (at >= 0) to?.splicedFrom?.splice(at, 1);
}

function misfitOf(socket: UringSocket, to: UringSocket | undefined): Fault | undefined {
  if (to === undefined || to.ending) return CLOSED;
  const fits = to.kind === 'stream' && to.opening === undefined && to !== socket;
  return fits ? undefined : ownFault('badArgument', 'splice');
}

/** Moves what can be moved now. */
function move(
  driver: Driver,
  socket: UringSocket,
  to: UringSocket,
  operation: SpliceOperation,
): Look {
  for (;;) {
    const room = operation.maxBytes - operation.bytes;
    if (room <= 0) return 'over';
    const pipe = socket.pipe ?? fill(driver, socket, operation, room);
    if (pipe === undefined) {
      return operation.outcome !== 'done' || operation.bytes > 0 ? 'over' : 'socket';
    }
    const look = drain(driver, socket, pipe, to, operation, Math.min(room, pipe.bytes));
    if (look !== 'socket') return look;
  }
}

/** A pipe with what the socket has; or none: `outcome` says why, or there is nothing now. */
function fill(
  driver: Driver,
  socket: UringSocket,
  operation: SpliceOperation,
  room: number,
): Pipe | undefined {
  const pipe = driver.pipes.take();
  if (pipe === undefined || typeof pipe === 'number') {
    if (operation.bytes > 0) return undefined;
    operation.outcome = pipe === undefined ? 'refused' : 'failed';
    if (pipe !== undefined) operation.fault = faultOfErrno(pipe, 'pipe2');
    return undefined;
  }
  const taken = call(driver, socket.fd, pipe.writeEnd, room);
  if (taken > 0) {
    socket.pipe = pipe;
    socket.drained = false;
    pipe.bytes = taken;
    operation.held = taken;
    return pipe;
  }
  pipe.release();
  if (taken !== -EAGAIN) tellEnd(socket, operation, taken);
  return undefined;
}

/** `socket`: all of it is with the other one, and more may be taken. */
function drain(
  driver: Driver,
  socket: UringSocket,
  pipe: Pipe,
  to: UringSocket,
  operation: SpliceOperation,
  bytes: number,
): Look {
  for (let left = bytes; left > 0; ) {
    const moved = call(driver, pipe.readEnd, to.fd, left);
    if (moved === -EAGAIN) return 'to';
    if (moved <= 0) {
      // A pipe that counts bytes and has none would be a bug, and not the peer's affair.
      const fault = moved < 0 ? faultOfErrno(moved, 'splice') : ownFault('adapter', 'splice');
      fail(operation, 'to', fault);
      to.noteBroken(fault);
      return 'over';
    }
    left -= moved;
    pipe.bytes -= moved;
    operation.bytes += moved;
    operation.held = pipe.bytes;
  }
  if (pipe.bytes === 0) socket.dropHeld();
  return 'socket';
}

/** The end of the stream, or what broke it, is the next answer when this one has bytes to tell of. */
function tellEnd(socket: UringSocket, operation: SpliceOperation, answer: number): void {
  const fault = answer < 0 ? faultOfErrno(answer, 'splice') : socket.broken;
  if (fault !== undefined) socket.noteBroken(fault);
  if (operation.bytes > 0) return;
  if (fault === undefined) operation.outcome = 'eof';
  else fail(operation, 'socket', fault);
}

function fail(operation: SpliceOperation, side: 'socket' | 'to', fault: Fault): void {
  operation.outcome = 'failed';
  operation.fault = fault;
  operation.faultSide = side;
}

/** A call that a signal has interrupted is made again. */
function call({ calls }: Driver, from: number, to: number, bytes: number): number {
  for (let tries = 0; ; tries += 1) {
    const moved = calls.splice(from, to, bytes, FLAGS);
    if (moved !== -EINTR || tries === INTERRUPTS_MAX) return moved;
  }
}
