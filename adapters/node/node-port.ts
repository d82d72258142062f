import { Buffer } from 'node:buffer';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { CLOSED, type Fault } from '../../src/core/fault.ts';
import { lacking } from '../../src/core/lacking.ts';
import {
  begin,
  type ConnectOperation,
  type Holder,
  type ListenOperation,
  NO_SOCKET,
  type Operation,
  type Outcome,
  type SocketId,
  type SocketOperation,
  type UdpOpenOperation,
} from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { SocketTable } from '../../src/core/socket-table.ts';
import { type DatagramLimits, type DatagramOwner, NodeDatagrams } from './node-datagrams.ts';
import { Dial } from './node-dial.ts';
import { NodeHost } from './node-host.ts';
import { type ListenerOwner, NodeListener } from './node-listener.ts';
import type { NodeSocket } from './node-socket.ts';
import { NodeStream, type StreamOwner } from './node-stream.ts';

export type NodePortOptions = {
  /** Sockets beyond which accepted connections are reset and counted. Default 1,000,000. */
  readonly socketsMax?: number;
  /** The queue of each datagram socket. Default: 1024, and the newest is dropped. */
  readonly datagrams?: Partial<DatagramLimits>;
  /** What becomes of an exception in a callback. Default: Node's `uncaughtException`. */
  readonly uncaught?: (error: unknown) => void;
};

const SOCKETS_MAX = 1_000_000;
const DATAGRAMS_MAX = 1024;

/** A port of Node's, which also takes over sockets that somebody else has connected. */
export interface NodeProactorPort extends ProactorPort {
  /**
   * Takes over a connected socket, TLS or not, that nobody reads from and that stays half open.
   * `path`: where it is a UNIX socket. `undefined`: there are `socketsMax`, and it stays the
   * caller's.
   */
  adopt(socket: Socket, path: string | undefined): SocketId | undefined;
}

/** The portable default: node:net and node:dgram, everywhere Node runs, nothing native. */
export function nodePort(options: NodePortOptions = {}): NodeProactorPort {
  return new NodePort(options);
}

class NodePort implements NodeProactorPort, Holder, StreamOwner, ListenerOwner, DatagramOwner {
  readonly name = 'node';
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly counters: Counters = { acceptsShed: 0, datagramsDropped: 0 };
  readonly datagrams: DatagramLimits;
  readonly #host: NodeHost;
  readonly #sockets = new SocketTable<NodeSocket>();
  readonly #socketsMax: number;
  /** Every socket may share it: libuv reads and calls back at once (not on Windows). */
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #closed: (() => void)[] | undefined;

  constructor(options: NodePortOptions) {
    this.#host = new NodeHost(options.uncaught);
    this.#socketsMax = options.socketsMax ?? SOCKETS_MAX;
    this.datagrams = { queueMax: DATAGRAMS_MAX, drop: 'newest', ...options.datagrams };
  }

  get loop(): EventLoop {
    return this.#host.loop;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  nowMs(): number {
    return this.#host.nowMs();
  }

  submit(operation: Operation): void {
    if (operation.kind === 'timer') {
      this.loop.submitTimer(operation);
      return;
    }
    begin(operation, this);
    if (this.#closed !== undefined) {
      this.#refuse(operation);
      return;
    }
    const { kind } = operation;
    if (kind === 'listen' || kind === 'connect' || kind === 'adopt') {
      const missing = lacking(operation, CAPABILITIES);
      if (missing !== undefined) {
        operation.socket = NO_SOCKET;
        this.#refuse(operation, missing);
        return;
      }
    }
    if (operation.deadlineMs > 0) this.loop.watchDeadline(operation);
    switch (kind) {
      case 'listen':
        this.#listen(operation);
        return;
      case 'connect':
        this.#connect(operation);
        return;
      case 'udpOpen':
        this.#openUdp(operation);
        return;
      default: {
        const socket = this.#sockets.get(operation.socket);
        const missing = kind === 'close' ? lacking(operation, CAPABILITIES) : undefined;
        if (socket === undefined || missing !== undefined) {
          this.#refuse(operation, socket === undefined ? CLOSED : missing);
        } else {
          socket.submit(operation);
        }
      }
    }
  }

  cancel(operation: Operation): void {
    if (operation.kind === 'timer') this.loop.cancelTimer(operation);
    else this.#abort(operation, 'cancelled');
  }

  expire(operation: Operation): void {
    if (operation.kind !== 'timer') this.#abort(operation, 'expired');
  }

  localEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#sockets.get(socket)?.local();
  }

  remoteEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#sockets.get(socket)?.remote();
  }

  close(onClosed: () => void = () => {}): void {
    if (this.#closed !== undefined) {
      if (this.#sockets.size === 0) setImmediate(onClosed);
      else this.#closed.push(onClosed);
      return;
    }
    this.#closed = [onClosed];
    for (const socket of this.#sockets.entries()) socket.destroy();
    this.loop.close();
    this.#settleClose();
  }

  adopt(socket: Socket, path: string | undefined): SocketId | undefined {
    if (this.#sockets.size >= this.#socketsMax) return undefined;
    const stream = new NodeStream(socket, this.#host, this, path);
    stream.id = this.#sockets.add(stream);
    return stream.id;
  }

  drop(id: SocketId): void {
    this.#sockets.get(id)?.destroy();
  }

  streamGone(id: SocketId): void {
    this.#forget(id);
  }

  listenerGone(id: SocketId): void {
    this.#forget(id);
  }

  datagramsGone(id: SocketId): void {
    this.#forget(id);
  }

  #forget(id: SocketId): void {
    this.#sockets.remove(id);
    if (this.#closed !== undefined) this.#settleClose();
  }

  /** Runs what waits for the end, after the completions that the end has caused. */
  #settleClose(): void {
    if (this.#sockets.size > 0) return;
    const waiting = this.#closed?.splice(0) ?? [];
    if (waiting.length === 0) return;
    setImmediate(() => {
      this.#host.stop();
      setImmediate(() => {
        for (const onClosed of waiting) onClosed();
      });
    });
  }

  #refuse(operation: SocketOperation, fault: Fault = CLOSED): void {
    operation.fault = fault;
    this.loop.completeSoon(operation, 'failed');
  }

  #abort(operation: SocketOperation, outcome: Outcome): void {
    if (operation.status !== 'pending' || operation.ended) return;
    this.#sockets.get(operation.socket)?.abort(operation, outcome);
  }

  #listen(operation: ListenOperation): void {
    operation.bound = undefined;
    const listener = new NodeListener(operation, this.#host, this);
    operation.socket = this.#sockets.add(listener);
    listener.start(operation.socket);
  }

  #openUdp(operation: UdpOpenOperation): void {
    operation.bound = undefined;
    const datagrams = new NodeDatagrams(operation, this.#host, this);
    operation.socket = this.#sockets.add(datagrams);
    datagrams.start(operation.socket);
  }

  #connect(operation: ConnectOperation): void {
    const { endpoint } = operation;
    const path = endpoint.family === 'unix' ? endpoint.address : undefined;
    const buffer = WINDOWS ? Buffer.allocUnsafeSlow(SCRATCH_BYTES) : this.#scratch;
    let stream: NodeStream | undefined;
    const received = (bytes: number): boolean => stream?.received(buffer, bytes, false) ?? false;
    const socket = connect({ ...targetOf(operation), onread: { buffer, callback: received } });
    const dial = new Dial(operation, socket, this.#host, (id) => this.#forget(id));
    dial.id = this.#sockets.add(dial);
    operation.socket = dial.id;
    socket.once('connect', () => {
      if (!dial.succeed()) return;
      stream = new NodeStream(socket, this.#host, this, path);
      stream.id = operation.socket;
      this.#sockets.replace(operation.socket, stream);
      this.loop.completeSoon(operation, 'done');
    });
  }
}

const WINDOWS = process.platform === 'win32';
const [MAJOR = 0, MINOR = 0] = process.versions.node.split('.').map(Number);

const CAPABILITIES: Capabilities = {
  peek: 'user-space',
  receive: 'copied',
  gatherMax: 1024,
  sendProgress: 'range',
  transmit: 'copied',
  splice: 'none',
  datagramPressure: 'queue',
  icmp: 'connected',
  datagramTrueSize: true,
  detach: false,
  adopt: false,
  fastOpen: false,
  exclusiveAccept: false,
  reusePort: process.platform === 'linux' && (MAJOR > 23 || (MAJOR === 23 && MINOR >= 1)),
};

function targetOf({ endpoint, local }: ConnectOperation): TcpNetConnectOpts {
  const common = { allowHalfOpen: true, noDelay: true, autoSelectFamily: false };
  const { family, address, port } = endpoint;
  if (family === 'unix') return { ...common, path: address } as unknown as TcpNetConnectOpts;
  const from =
    local === undefined
      ? {}
      : { localAddress: local.address, ...(local.port === 0 ? {} : { localPort: local.port }) };
  return { ...common, ...from, host: address, port, family: family === 'ipv6' ? 6 : 4 };
}
