import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { CLOSED, type Fault, ownFault } from '../../src/core/fault.ts';
import {
  type CloseOperation,
  NO_SOCKET,
  type Outcome,
  type SocketId,
  type SocketOperation,
} from '../../src/core/operation.ts';
import { faultOf } from './fault-of.ts';
import type { NodeHost } from './node-host.ts';
import { NodeReader } from './node-reader.ts';
import { endpointOf, type NodeSocket, reset } from './node-socket.ts';
import { NodeWriter } from './node-writer.ts';

/** Told when a stream's descriptor is gone. */
export interface StreamOwner {
  streamGone(id: SocketId): void;
}

/**
 * A connected TCP or UNIX stream. It takes the socket's `push`, the method by which node:net
 * hands received bytes to Node's Readable, so that they come here with no second queue between.
 */
export class NodeStream implements NodeSocket {
  readonly #socket: Socket;
  readonly #host: NodeHost;
  readonly #owner: StreamOwner;
  readonly #reader: NodeReader;
  readonly #writer: NodeWriter;
  readonly #path: string | undefined;
  /** Set by the port, which numbers its sockets. */
  id: SocketId = NO_SOCKET;
  #close: CloseOperation | undefined;
  #lingering = 0;
  /** Writes that the kernel had taken when a graceful close looked last. */
  #answersSeen = 0;
  #gone = false;
  /** The whole port closes: nobody will ask for this socket's end. */
  #abandoned = false;

  /** `path`: of the UNIX socket, where it is one. */
  constructor(socket: Socket, host: NodeHost, owner: StreamOwner, path?: string) {
    this.#socket = socket;
    this.#host = host;
    this.#owner = owner;
    this.#path = path;
    this.#reader = new NodeReader(host, () => socket._read(0));
    this.#writer = new NodeWriter(socket, host);
    socket.push = (chunk: Buffer | null) => {
      if (chunk !== null) return this.received(chunk, chunk.length, true);
      this.#finish(this.#wasReset() ? RESET : 'eof');
      return false;
    };
    socket.on('error', (error) => this.#finish(faultOf(error)));
    socket.on('close', () => this.#onGone());
  }

  /** Bytes from the kernel; returns whether Node may go on reading. */
  received(data: Buffer, bytes: number, owned: boolean): boolean {
    this.#host.event();
    if (this.#close === undefined) return this.#reader.push(data, bytes, owned);
    this.#lingering += bytes;
    if (this.#lingering > this.#close.lingerBytes) this.#socket.destroy();
    return true;
  }

  submit(operation: SocketOperation): void {
    const { kind } = operation;
    if (this.#close !== undefined) {
      this.#refuse(operation);
      return;
    }
    switch (kind) {
      case 'recv':
      case 'peek':
        this.#reader.submit(operation);
        return;
      case 'send':
      case 'transmit':
      case 'shutdown':
        this.#writer.submit(operation);
        return;
      case 'close':
        this.#startClose(operation);
        return;
      case 'splice':
        operation.fault = ownFault('unsupported', kind);
        this.#host.loop.completeSoon(operation, 'failed');
        return;
      default:
        this.#refuse(operation);
    }
  }

  abort(operation: SocketOperation, outcome: Outcome): void {
    const { kind } = operation;
    if (kind === 'recv' || kind === 'peek') this.#reader.abort(operation, outcome);
    else if (kind === 'send' || kind === 'transmit' || kind === 'shutdown') {
      this.#writer.abort(operation, outcome);
    } else if (kind === 'close') this.#hurry(operation, outcome);
  }

  destroy(): void {
    this.#abandoned = true;
    this.#reader.abortAll('cancelled');
    this.#writer.abortAll('cancelled');
    if (this.#gone) this.#owner.streamGone(this.id);
    else this.#cut();
  }

  local(): Endpoint | undefined {
    if (this.#path !== undefined) return { family: 'unix', address: this.#path, port: 0 };
    return endpointOf(this.#socket.localAddress, this.#socket.localFamily, this.#socket.localPort);
  }

  remote(): Endpoint | undefined {
    if (this.#path !== undefined) return { family: 'unix', address: this.#path, port: 0 };
    return endpointOf(
      this.#socket.remoteAddress,
      this.#socket.remoteFamily,
      this.#socket.remotePort,
    );
  }

  /**
   * libuv shows a RST right behind data as an end. A socket that was reset has no peer any more,
   * which shows unless Node was asked for the peer's address before, and kept it.
   */
  #wasReset(): boolean {
    if (this.#path !== undefined || this.#writer.finSent || this.#close !== undefined) return false;
    return this.#socket.remoteAddress === undefined;
  }

  #refuse(operation: SocketOperation): void {
    operation.fault = CLOSED;
    this.#host.loop.completeSoon(operation, 'failed');
  }

  #startClose(close: CloseOperation): void {
    if (close.how === 'detach') {
      close.fault = ownFault('unsupported', 'detach');
      this.#host.loop.completeSoon(close, 'failed');
      return;
    }
    this.#close = close;
    this.#reader.abortAll('cancelled');
    if (this.#gone) this.#finishClose();
    else if (close.how === 'reset') {
      this.#writer.abortAll('cancelled');
      this.#cut();
    } else if (this.#writer.idle) this.#linger();
    else {
      this.#writer.onIdle = () => this.#linger();
      this.#awaitProgress(close);
    }
  }

  /** What was sent before the close has `lingerMs` to come on, again and again. */
  #awaitProgress(close: CloseOperation): void {
    this.#answersSeen = this.#writer.answers;
    close.deadlineMs = this.#host.nowMs() + close.lingerMs;
    this.#host.loop.watchDeadline(close);
  }

  /** A graceful close was cancelled, or `lingerMs` went by: it goes on only while writes do. */
  #hurry(close: CloseOperation, outcome: Outcome): void {
    const goesOn = !this.#writer.idle && this.#writer.answers > this.#answersSeen;
    if (outcome === 'expired' && goesOn) {
      this.#awaitProgress(close);
      return;
    }
    this.#writer.abortAll('cancelled');
    if (this.#writer.idle) this.#socket.destroy();
    else this.#cut();
  }

  /** RST where it can be had: libuv refuses it, and never closes, while a FIN is on its way. */
  #cut(): void {
    const finUnderWay = this.#socket.writableEnded && !this.#socket.writableFinished;
    if (finUnderWay) this.#socket.destroy();
    else reset(this.#socket);
  }

  /** All that was sent is with the kernel: FIN, then read and drop until the peer's FIN. */
  #linger(): void {
    this.#writer.onIdle = undefined;
    const close = this.#close as CloseOperation;
    if (this.#reader.sawEof || close.lingerMs === 0) {
      this.#socket.destroy();
      return;
    }
    if (!this.#writer.finSent) this.#socket.end();
    this.#lingering = this.#reader.dropSpill();
    close.deadlineMs = this.#host.nowMs() + close.lingerMs;
    this.#host.loop.watchDeadline(close);
  }

  #finish(end: 'eof' | Fault): void {
    this.#host.event();
    this.#reader.finish(end);
    if (end !== 'eof') this.#writer.fail(end);
    else if (this.#close !== undefined && this.#writer.idle) this.#socket.destroy();
  }

  #onGone(): void {
    this.#gone = true;
    this.#host.event();
    this.#reader.finish(CLOSED);
    this.#writer.fail(CLOSED);
    if (this.#close !== undefined) this.#finishClose();
    else if (this.#abandoned) this.#owner.streamGone(this.id);
  }

  #finishClose(): void {
    const { loop } = this.#host;
    if (this.#reader.lastRecv !== undefined) loop.forgetDeadline(this.#reader.lastRecv);
    if (this.#writer.lastSend !== undefined) loop.forgetDeadline(this.#writer.lastSend);
    const close = this.#close as CloseOperation;
    loop.forgetDeadline(close);
    close.deadlineMs = 0;
    this.#owner.streamGone(this.id);
    loop.completeSoon(close, this.#abandoned ? 'cancelled' : 'done');
  }
}

const RESET = faultOf(Object.assign(new Error(), { code: 'ECONNRESET', syscall: 'read' }));
