import type { Endpoint } from '../../src/core/endpoint.ts';
import type { SocketId } from '../../src/core/operation.ts';
import * as make from '../../src/core/operations.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';

/** Sends back what it receives, and closes when the peer has ended. */
export class EchoServer {
  readonly #port: ProactorPort;
  bound: Endpoint | undefined;
  /** Codes of the faults it met. */
  readonly faults: string[] = [];

  constructor(port: ProactorPort, endpoint: Endpoint) {
    this.#port = port;
    const listen = make.listenOperation(endpoint, ({ socket, bound }) => {
      this.bound = bound;
      const accept = make.acceptOperation(socket, ({ status, accepted }) => {
        if (status !== 'done') return;
        this.#serve(accepted);
        port.submit(accept);
      });
      port.submit(accept);
    });
    port.submit(listen);
  }

  #serve(socket: SocketId): void {
    const port = this.#port;
    const into = [new Uint8Array(4096)];
    const close = make.closeOperation(socket, () => {});
    const end = (code?: string): void => {
      if (code !== undefined) this.faults.push(code);
      if (close.status === 'idle') port.submit(close);
    };
    const send = make.sendOperation(socket, ({ status, fault }) => {
      if (status === 'done') port.submit(recv);
      else end(fault?.code ?? status);
    });
    const recv = make.recvOperation(socket, ({ status, bytes, fault }) => {
      if (status !== 'done') return end(fault?.code ?? (status === 'eof' ? undefined : status));
      send.pieces[0] = (into[0] as Uint8Array).subarray(0, bytes);
      send.count = 1;
      port.submit(send);
    });
    recv.into = into;
    port.submit(recv);
  }
}

/** Sends `text` in pieces, says that this is all, and collects what comes back. */
export class EchoClient {
  heard = '';
  /** How it ended: `eof`, or the code of a fault; `undefined` while it goes on. */
  end: string | undefined;
  closed = false;

  constructor(port: ProactorPort, server: Endpoint, text: string, pieceBytes: number) {
    let at = 0;
    const finish = (end: string): void => {
      if (this.end !== undefined) return;
      this.end = end;
      port.submit(close);
    };
    const send = make.sendOperation(-1, ({ status, fault }) => {
      if (status === 'cancelled' && this.end !== undefined) return;
      if (status !== 'done') finish(fault?.code ?? status);
      else if (at < text.length) sendNext();
      else port.submit(shutdown);
    });
    const sendNext = (): void => {
      send.pieces[0] = text.slice(at, at + pieceBytes);
      send.count = 1;
      at += pieceBytes;
      port.submit(send);
    };
    const shutdown = make.shutdownOperation(-1, () => {});
    const recv = make.recvOperation(-1, ({ status, data, offset, bytes, fault }) => {
      if (status === 'done') {
        this.heard += Buffer.from(data.buffer, data.byteOffset + offset, bytes).toString('latin1');
        port.submit(recv);
      } else finish(fault?.code ?? status);
    });
    const close = make.closeOperation(-1, () => {
      this.closed = true;
    });
    const connect = make.connectOperation(server, ({ status, socket, fault }) => {
      if (status !== 'done') {
        this.end = fault?.code ?? status;
        this.closed = true;
        return;
      }
      for (const operation of [send, shutdown, recv, close]) operation.socket = socket;
      port.submit(recv);
      sendNext();
    });
    port.submit(connect);
  }
}
