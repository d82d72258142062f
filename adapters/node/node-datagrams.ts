import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { CLOSED, type Fault } from '../../src/core/fault.ts';
import type {
  CloseOperation,
  Outcome,
  SocketId,
  SocketOperation,
  UdpOpenOperation,
  UdpPeekOperation,
  UdpRecvOperation,
  UdpSendOperation,
} from '../../src/core/operation.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import { faultOf } from './fault-of.ts';
import type { NodeHost } from './node-host.ts';
import { endpointOf, type NodeSocket } from './node-socket.ts';

type ReadOperation = UdpRecvOperation | UdpPeekOperation;
type Waiting = { readonly data: Buffer; readonly from: Endpoint } | { readonly notice: Fault };

/** What a datagram socket asks of its port. */
export interface DatagramOwner {
  readonly counters: { datagramsDropped: number };
  readonly datagrams: DatagramLimits;
  datagramsGone(id: SocketId): void;
}

export type DatagramLimits = {
  /** Datagrams kept for a receive that has not come yet, per socket. */
  readonly queueMax: number;
  /** Which one is lost when one more comes. */
  readonly drop: 'newest' | 'oldest';
};

/** Completions of one socket in one turn; what is left waits for the next. */
const COMPLETIONS_PER_TURN_MAX = 32;

/** A datagram socket. node:dgram cannot be paused, so that a bounded queue stands between. */
export class NodeDatagrams implements NodeSocket {
  readonly #host: NodeHost;
  readonly #owner: DatagramOwner;
  readonly #open: UdpOpenOperation;
  readonly #socket: Socket;
  readonly #queue = new RingQueue<Waiting>();
  readonly #readers = new RingQueue<ReadOperation>();
  #id: SocketId = -1;
  #turn = 0;
  #completions = 0;
  #retryAsked = false;
  #sending = 0;
  #ready = false;
  #gone = false;
  #close: CloseOperation | undefined;

  constructor(open: UdpOpenOperation, host: NodeHost, owner: DatagramOwner) {
    this.#host = host;
    this.#owner = owner;
    this.#open = open;
    const family = open.local.family === 'ipv6' ? 6 : 4;
    this.#socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      // Addresses are numeric here, so that there is nothing to look up.
      lookup: (address, _options, answer) => answer(null, address, family),
    });
    this.#socket.on('message', (data, from) => this.#onMessage(data, from));
    this.#socket.on('error', (error) => this.#onError(faultOf(error)));
    this.#socket.on('close', () => this.#onGone());
  }

  start(id: SocketId): void {
    this.#id = id;
    const { local, remote } = this.#open;
    const { address, port } = local;
    this.#socket.bind({ address, port, exclusive: true }, () => {
      if (remote === undefined) this.#opened();
      else {
        this.#socket.connect(remote.port, remote.address, (error?: Error) => {
          if (error === undefined || error === null) this.#opened();
          else this.#onError(faultOf(error));
        });
      }
    });
  }

  submit(operation: SocketOperation): void {
    const { kind } = operation;
    if (kind === 'close' && this.#close === undefined) this.#startClose(operation);
    else if (this.#close !== undefined || !this.#ready) this.#refuse(operation);
    else if (kind === 'udpRecv' || kind === 'udpPeek') {
      this.#readers.push(operation);
      this.#serve();
    } else if (kind === 'udpSend') this.#send(operation);
    else this.#refuse(operation);
  }

  abort(operation: SocketOperation, outcome: Outcome): void {
    const { kind } = operation;
    if (kind === 'udpRecv' || kind === 'udpPeek') {
      if (this.#readers.remove(operation)) this.#host.loop.completeSoon(operation, outcome);
    } else if (kind === 'udpOpen') {
      this.#host.loop.completeSoon(operation, outcome);
      this.#shut();
    }
  }

  destroy(): void {
    this.#cancelReaders();
    this.#shut();
  }

  local(): Endpoint | undefined {
    return this.#open.bound;
  }

  remote(): Endpoint | undefined {
    return this.#open.remote;
  }

  #refuse(operation: SocketOperation): void {
    operation.fault = CLOSED;
    this.#host.loop.completeSoon(operation, 'failed');
  }

  #opened(): void {
    this.#host.event();
    if (this.#open.status !== 'pending' || this.#open.ended) return;
    this.#ready = true;
    const { address, family, port } = this.#socket.address();
    this.#open.bound = endpointOf(address, family, port);
    this.#host.loop.completeSoon(this.#open, 'done');
  }

  /** Before the socket is open, an error ends it; later it is a notice about a datagram. */
  #onError(fault: Fault): void {
    this.#host.event();
    if (this.#ready) this.#enqueue({ notice: fault });
    else if (!this.#open.ended) {
      this.#open.fault = fault;
      this.#host.loop.completeSoon(this.#open, 'failed');
      this.#shut();
    }
  }

  #onMessage(data: Buffer, from: RemoteInfo): void {
    this.#host.event();
    this.#enqueue({ data, from: endpointOf(from.address, from.family, from.port) as Endpoint });
  }

  #enqueue(waiting: Waiting): void {
    const { queueMax, drop } = this.#owner.datagrams;
    if (this.#queue.size === queueMax) {
      this.#owner.counters.datagramsDropped += 1;
      if (drop === 'newest') return;
      this.#queue.shift();
    }
    this.#queue.push(waiting);
    this.#serve();
  }

  #serve(): void {
    while (this.#queue.size > 0 && this.#readers.size > 0) {
      if (this.#turn !== this.#host.loop.turn) {
        this.#turn = this.#host.loop.turn;
        this.#completions = 0;
      }
      if (this.#completions === COMPLETIONS_PER_TURN_MAX) {
        this.#retryNextTurn();
        return;
      }
      this.#completions += 1;
      const reader = this.#readers.shift() as ReadOperation;
      this.#host.loop.completeSoon(reader, this.#answer(reader, this.#queue.peek() as Waiting));
    }
  }

  #answer(reader: ReadOperation, waiting: Waiting): Outcome {
    if ('notice' in waiting) {
      this.#queue.shift();
      reader.fault = waiting.notice;
      return 'icmp';
    }
    const { data, from } = waiting;
    reader.size = data.length;
    if (reader.kind === 'udpPeek') return 'done';
    this.#queue.shift();
    reader.from = from;
    reader.offset = 0;
    reader.data = reader.into ?? data;
    reader.bytes = Math.min(data.length, reader.data.length);
    reader.truncated = reader.bytes < data.length;
    reader.into?.set(data.subarray(0, reader.bytes));
    return 'done';
  }

  #retryNextTurn(): void {
    if (this.#retryAsked) return;
    this.#retryAsked = true;
    this.#host.loop.post(() => {
      this.#retryAsked = false;
      this.#serve();
    });
  }

  #send(send: UdpSendOperation): void {
    const { data, to } = send;
    const connected = this.#open.remote !== undefined;
    if (connected === (to !== undefined)) {
      send.fault = faultOf(Object.assign(new Error('address'), { code: 'EINVAL' }));
      this.#host.loop.completeSoon(send, 'failed');
      return;
    }
    this.#sending += 1;
    const answered = (error: Error | null): void => this.#sent(send, error);
    if (to === undefined) this.#socket.send(data, answered);
    else this.#socket.send(data, to.port, to.address, answered);
  }

  #sent(send: UdpSendOperation, error: Error | null): void {
    this.#sending -= 1;
    if (!error && send.relaxed) {
      this.#host.loop.completeRelaxed(send);
      if (this.#close !== undefined && this.#sending === 0) this.#shut();
      return;
    }
    this.#host.event();
    if (error !== null && error !== undefined) send.fault = faultOf(error);
    const icmp = send.fault?.class === 'peer' || send.fault?.class === 'path';
    const outcome = send.fault === undefined ? 'done' : icmp ? 'icmp' : 'failed';
    this.#host.loop.completeSoon(send, outcome);
    if (this.#close !== undefined && this.#sending === 0) this.#shut();
  }

  #cancelReaders(): void {
    for (let next = this.#readers.shift(); next !== undefined; next = this.#readers.shift()) {
      this.#host.loop.completeSoon(next, 'cancelled');
    }
  }

  #startClose(close: CloseOperation): void {
    this.#close = close;
    this.#cancelReaders();
    if (this.#sending === 0) this.#shut();
  }

  #shut(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#socket.close();
  }

  #onGone(): void {
    this.#host.event();
    this.#owner.datagramsGone(this.#id);
    if (this.#close !== undefined) this.#host.loop.completeSoon(this.#close, 'done');
  }
}
