import { SimProactor, SimWorld } from '../adapters/sim/index.ts';
import type { Capabilities } from '../src/core/capabilities.ts';
import type { Endpoint } from '../src/core/endpoint.ts';
import { EventLoop } from '../src/core/event-loop.ts';
import {
  type AcceptOperation,
  begin,
  type Operation,
  type RecvOperation,
  type SocketId,
} from '../src/core/operation.ts';
import type { Counters } from '../src/core/port.ts';
import type { ProactorPort } from '../src/core/proactor.ts';

/**
 * A port with no kernel behind it: it takes everything that is sent, and receives what the
 * benchmark says. What is measured on it is the layers above.
 */
export class EmptyPort implements ProactorPort {
  readonly name: string = 'empty';
  readonly capabilities: Capabilities = new SimProactor(new SimWorld({ seed: 1 }).local)
    .capabilities;
  readonly counters: Counters = { acceptsShed: 0, datagramsDropped: 0 };
  readonly openSockets: number = 0;
  readonly loop: EventLoop = new EventLoop({
    nowMs: () => performance.now(),
    wake() {},
    wakeAt() {},
    uncaught(error) {
      throw error;
    },
  });
  readonly #accepts: AcceptOperation[] = [];
  readonly #receives: (RecvOperation | undefined)[] = [];
  readonly #scratch = new Uint8Array(64 * 1024);
  #sockets = 0;
  /** Sockets on which something was sent, in order, once for each send. */
  readonly sent: SocketId[] = [];

  localEndpoint(): undefined {}

  remoteEndpoint(): Endpoint {
    return { family: 'ipv4', address: '127.0.0.1', port: 1 };
  }

  submit(operation: Operation): void {
    begin(operation, undefined);
    switch (operation.kind) {
      case 'accept':
        this.#accepts.push(operation);
        return;
      case 'recv':
        this.#receives[operation.socket] = operation;
        return;
      case 'timer':
        return;
      case 'send':
        this.sent.push(operation.socket);
        break;
      case 'listen':
        operation.bound = operation.endpoint;
        break;
      case 'connect':
        operation.socket = this.#newSocket();
        break;
      default:
    }
    this.loop.completeSoon(operation, 'done');
  }

  cancel(): void {}

  close(): void {}

  turn(events: () => void): void {
    this.loop.beginTurn();
    events();
    this.loop.endTurn();
  }

  /** A connection comes. Within a turn. */
  accept(): SocketId {
    const operation = this.#accepts.shift() as AcceptOperation;
    operation.accepted = this.#newSocket();
    this.loop.deliver(operation, 'done');
    return operation.accepted;
  }

  /** Bytes come. Within a turn. */
  receive(socket: SocketId, bytes: Uint8Array): void {
    const operation = this.#receives[socket] as RecvOperation;
    this.#scratch.set(bytes);
    operation.data = this.#scratch;
    operation.offset = 0;
    operation.bytes = bytes.length;
    this.loop.deliver(operation, 'done');
  }

  #newSocket(): SocketId {
    this.#sockets += 1;
    return this.#sockets;
  }
}
