import type { CloseOperation } from '../../src/core/operation.ts';
import type { SimEvent } from './event-queue.ts';
import type { SimPort } from './sim-port.ts';
import type { SimSocket } from './sim-socket.ts';
import { abort, discard, release, shutdown } from './tcp-calls.ts';

/** Ends the reading and dropping of a graceful close. */
class LingerTimer implements SimEvent {
  atMs = 0;
  order = 0;
  index = -1;
  background = false;
  readonly #socket: SimSocket;

  constructor(socket: SimSocket) {
    this.#socket = socket;
  }

  fire(): void {
    this.#socket.lingerTimer = undefined;
    this.#socket.changed();
  }
}

/** The socket takes nothing new. What was sent goes out, or not, as `how` says. */
export function beginClose(port: SimPort, socket: SimSocket, how: CloseOperation): void {
  const { transport } = socket;
  socket.closed = true;
  if (transport.kind !== 'tcp') {
    port.remove(socket);
    return;
  }
  if (how.how === 'reset') {
    abort(transport);
    return;
  }
  if (!transport.synchronized) {
    release(transport);
    return;
  }
  shutdown(transport);
  socket.lingerBytesLeft = how.lingerBytes;
  socket.lingerTimer = new LingerTimer(socket);
  const { events } = port.host.network;
  events.schedule(socket.lingerTimer, events.nowMs + how.lingerMs);
}

/** Reads and drops. `true`: it is over, and the network delivers what is left without us. */
export function lingeringEnds(socket: SimSocket): boolean {
  const { transport, lingerTimer } = socket;
  if (transport.kind !== 'tcp' || transport.orphan || lingerTimer === undefined) return true;
  socket.lingerBytesLeft -= discard(transport, socket.lingerBytesLeft);
  if (transport.readable > 0 || transport.state === 'closed') return true;
  return transport.eof && transport.receiveRing.size === 0;
}
