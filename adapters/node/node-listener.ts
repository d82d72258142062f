import { createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { CLOSED, type Fault } from '../../src/core/fault.ts';
import type {
  AcceptOperation,
  CloseOperation,
  ListenOperation,
  Outcome,
  SocketId,
  SocketOperation,
} from '../../src/core/operation.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import { faultOf } from './fault-of.ts';
import type { NodeHost } from './node-host.ts';
import { endpointOf, type NodeSocket, reset } from './node-socket.ts';

/** What a listener asks of its port. */
export interface ListenerOwner {
  readonly counters: { acceptsShed: number };
  /** Makes a socket of a connection; `undefined` when the port takes no more. */
  adopt(socket: Socket, path: string | undefined): SocketId | undefined;
  /** Ends an adopted connection that nobody accepted. */
  drop(id: SocketId): void;
  listenerGone(id: SocketId): void;
}

/** Connections that Node has accepted and nobody has asked for yet; more are reset and counted. */
export const ACCEPTED_MAX = 1024;

/** A listening socket. Node accepts eagerly, so that a bounded queue stands between. */
export class NodeListener implements NodeSocket {
  readonly #host: NodeHost;
  readonly #owner: ListenerOwner;
  readonly #server: Server;
  readonly #listen: ListenOperation;
  readonly #accepted = new RingQueue<SocketId>();
  readonly #waiting = new RingQueue<AcceptOperation>();
  #id: SocketId = -1;
  #close: CloseOperation | undefined;

  constructor(listen: ListenOperation, host: NodeHost, owner: ListenerOwner) {
    this.#host = host;
    this.#owner = owner;
    this.#listen = listen;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true });
    this.#server.on('connection', (socket) => this.#onConnection(socket));
    this.#server.on('error', (error) => this.#onError(faultOf(error)));
    this.#server.on('listening', () => this.#onListening());
  }

  start(id: SocketId): void {
    this.#id = id;
    const { endpoint, backlog, reusePort } = this.#listen;
    const { family, address, port } = endpoint;
    const where =
      family === 'unix'
        ? { path: address }
        : { host: address, port, ipv6Only: family === 'ipv6', reusePort };
    this.#server.listen({ ...where, backlog, exclusive: true });
  }

  submit(operation: SocketOperation): void {
    if (operation.kind === 'close' && this.#close === undefined) this.#startClose(operation);
    else if (operation.kind !== 'accept' || this.#close !== undefined) this.#refuse(operation);
    else {
      this.#waiting.push(operation);
      this.#serve();
    }
  }

  abort(operation: SocketOperation, outcome: Outcome): void {
    if (operation.kind === 'accept' && this.#waiting.remove(operation)) {
      this.#host.loop.completeSoon(operation, outcome);
    } else if (operation.kind === 'listen') {
      this.#host.loop.completeSoon(operation, outcome);
      this.#server.close();
      this.#owner.listenerGone(this.#id);
    }
  }

  destroy(): void {
    this.#end(() => this.#owner.listenerGone(this.#id));
  }

  local(): Endpoint | undefined {
    return this.#listen.bound;
  }

  remote(): undefined {
    return undefined;
  }

  #refuse(operation: SocketOperation): void {
    operation.fault = CLOSED;
    this.#host.loop.completeSoon(operation, 'failed');
  }

  #onListening(): void {
    const listen = this.#listen;
    this.#host.event();
    if (listen.status !== 'pending' || listen.ended) return;
    const bound = this.#server.address();
    listen.bound =
      bound === null || typeof bound === 'string'
        ? listen.endpoint
        : endpointOf(bound.address, bound.family, bound.port);
    this.#host.loop.completeSoon(listen, 'done');
  }

  /** A listener that could not open is gone; one that could not accept lives on. */
  #onError(fault: Fault): void {
    this.#host.event();
    if (this.#listen.bound === undefined) {
      if (this.#listen.ended) return;
      this.#listen.fault = fault;
      this.#host.loop.completeSoon(this.#listen, 'failed');
      this.#owner.listenerGone(this.#id);
      return;
    }
    const accept = this.#waiting.shift();
    if (accept === undefined) return;
    accept.fault = fault;
    this.#host.loop.completeLast(accept, 'failed');
  }

  #onConnection(socket: Socket): void {
    this.#host.event();
    const path =
      this.#listen.endpoint.family === 'unix' ? this.#listen.endpoint.address : undefined;
    const id = this.#accepted.size < ACCEPTED_MAX ? this.#owner.adopt(socket, path) : undefined;
    if (id === undefined) {
      this.#owner.counters.acceptsShed += 1;
      socket.on('error', () => {});
      reset(socket);
      return;
    }
    this.#accepted.push(id);
    this.#serve();
  }

  #serve(): void {
    while (this.#accepted.size > 0 && this.#waiting.size > 0) {
      const accept = this.#waiting.shift() as AcceptOperation;
      accept.accepted = this.#accepted.shift() as SocketId;
      this.#host.loop.completeLast(accept, 'done');
    }
  }

  #startClose(close: CloseOperation): void {
    this.#close = close;
    this.#end(() => {
      this.#owner.listenerGone(this.#id);
      this.#host.loop.completeLast(close, 'done');
    });
  }

  /** `server.close` waits for all its connections; the descriptor itself is closed in the call. */
  #end(onEnd: () => void): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#host.loop.completeLast(next, 'cancelled');
    }
    for (let id = this.#accepted.shift(); id !== undefined; id = this.#accepted.shift()) {
      this.#owner.drop(id);
    }
    this.#server.close();
    onEnd();
  }
}
