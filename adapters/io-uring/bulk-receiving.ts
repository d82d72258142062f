import type { BufferPool } from '../../src/core/buffer-pool.ts';
import type { PeekOperation, RecvOperation, SpliceOperation } from '../../src/core/operation.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import { EINTR, MSG_DONTWAIT } from '../linux/constants.ts';
import { ECANCELED, POLLIN } from './constants.ts';
import type { Driver } from './driver.ts';
import { receiveHeld } from './held-bytes.ts';
import { received } from './receiving.ts';
import { INTERRUPTS_MAX } from './ring.ts';
import { splice } from './splicing.ts';
import { TAG } from './tag.ts';
import type { UringSocket } from './uring-socket.ts';

/**
 * What one turn receives in bulk, in bytes: it is sent on at the turn's end, while it is still in
 * the processor's second cache. Measured with 1 MiB bodies; requests that the kernel completes
 * together would bring all connections' bodies into memory before the first one is sent.
 */
export const TURN_BYTES: number = 512 * 1024;
/**
 * What is spliced is in no memory of ours, and counts this fraction: 8 MiB in one turn, from 32
 * sockets at least.
 */
const SPLICED_PART = 1 / 16;

/**
 * Receives for chunks of a pool. Each waits by a poll, in no memory; then the bytes are read by a
 * plain call, into the chunk that was given back last.
 */
export class BulkReceiving {
  readonly #ready = new RingQueue<UringSocket>();

  get isReady(): boolean {
    return this.#ready.size > 0;
  }

  start(driver: Driver, { read, fd, id }: UringSocket): void {
    read.request = TAG.bulk;
    driver.ring.poll(fd, POLLIN, id, TAG.bulk);
  }

  /** The same for what needs no wait: it is served in its turn, and never within the call. */
  serveSoon(driver: Driver, { read, id }: UringSocket): void {
    read.request = TAG.bulk;
    driver.ring.echo(id, TAG.bulk);
  }

  /** The poll of a socket has ended: it is served in its turn. */
  polled(socket: UringSocket): void {
    this.#ready.push(socket);
  }

  /** Serves those that are ready, as far as one turn goes. */
  serve(driver: Driver): void {
    let bytes = 0;
    for (let left = this.#ready.size; left > 0 && bytes < TURN_BYTES; left -= 1) {
      const socket = this.#ready.shift() as UringSocket;
      socket.read.request = TAG.ignored;
      bytes += this.#receive(driver, socket);
      driver.proceed(socket);
    }
  }

  #receive(driver: Driver, socket: UringSocket): number {
    const operation = socket.read.first as RecvOperation | PeekOperation | SpliceOperation;
    if (operation.kind === 'splice') {
      return splice(driver, socket, operation) * SPLICED_PART;
    }
    if (operation.outcome !== 'done' || socket.ending) {
      received(driver, socket, -ECANCELED, 0);
      return 0;
    }
    if (socket.pipe !== undefined) return receiveHeld(driver, socket, operation, socket.pipe);
    return this.#receiveChunk(driver, socket, operation as RecvOperation);
  }

  #receiveChunk(driver: Driver, socket: UringSocket, operation: RecvOperation): number {
    const pool = operation.pool as BufferPool;
    const chunk = pool.take();
    const result = call(driver, socket.fd, driver.calls.addressOf(chunk), chunk.length);
    if (result > 0) {
      socket.drained = result < chunk.length;
      operation.chunk = chunk;
      operation.data = chunk;
      operation.offset = 0;
      operation.bytes = result;
      operation.owned = false;
      driver.finish(socket, socket.read, 'done');
      return result;
    }
    pool.give(chunk);
    // There was nothing after all: as for a receive that the kernel says to make again.
    received(driver, socket, result, 0);
    return 0;
  }
}

function call({ calls }: Driver, fd: number, address: number, room: number): number {
  for (let tries = 0; ; tries += 1) {
    const bytes = calls.recv(fd, address, room, MSG_DONTWAIT);
    if (bytes !== -EINTR || tries === INTERRUPTS_MAX) return bytes;
  }
}
