import type { RecvOperation, SocketId } from '../../core/operation.ts';
import { closeOperation, recvOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import { type ProxyHead, ProxyHeadParser, ProxyProtocolError } from './proxy-protocol.ts';

/** Whom a reader tells how it ended: once, with one of these. */
export interface ProxyHeadOwner {
  /**
   * The head is there; the socket is the owner's now. `ahead`: what came behind the head, a lent
   * view, to be taken before anything else is received.
   */
  proxied(reader: ProxyHeadReader, head: ProxyHead, ahead: Uint8Array): void;
  /** There is none; the socket was closed. `failure`: what was wrong, where it was the peer's fault. */
  notProxied(reader: ProxyHeadReader, failure: ProxyHeadFailure | undefined): void;
}

/** Why there is no head, as logs have it, and who has connected. */
export type ProxyHeadFailure = {
  readonly level: 'info' | 'error';
  readonly text: string;
  readonly client: string;
};

/** Reads the PROXY protocol's head of a connection that was accepted, before anybody else reads. */
export class ProxyHeadReader {
  readonly socket: SocketId;
  readonly #port: ProactorPort;
  readonly #owner: ProxyHeadOwner;
  readonly #recv: RecvOperation;
  readonly #parser = new ProxyHeadParser();
  #stopped = false;

  /** `timeoutMs`: for all of the head. */
  constructor(port: ProactorPort, socket: SocketId, timeoutMs: number, owner: ProxyHeadOwner) {
    this.socket = socket;
    this.#port = port;
    this.#owner = owner;
    this.#recv = recvOperation(socket, () => this.#received());
    this.#recv.deadlineMs = port.loop.nowMs() + timeoutMs;
    port.submit(this.#recv);
  }

  /** The connection is not wanted any more; the owner is told as if the peer had left. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#port.cancel(this.#recv);
  }

  #received(): void {
    const { status, data, offset, bytes } = this.#recv;
    if (status !== 'done' || this.#stopped) {
      if (status === 'expired')
        this.#drop(this.#failure('info', 'client timed out (110: Connection timed out)'));
      else this.#drop(undefined);
      return;
    }
    const to = offset + bytes;
    let at: number;
    try {
      at = this.#parser.read(data, offset, to);
    } catch (error) {
      if (!(error instanceof ProxyProtocolError)) throw error;
      this.#drop(this.#failure('error', error.message));
      return;
    }
    const { head } = this.#parser;
    if (head === undefined) this.#port.submit(this.#recv);
    else this.#owner.proxied(this, head, data.subarray(at, to));
  }

  #failure(level: ProxyHeadFailure['level'], what: string): ProxyHeadFailure {
    const client = this.#port.remoteEndpoint(this.socket)?.address ?? 'unknown';
    return { level, text: `${what} while reading PROXY protocol`, client };
  }

  #drop(failure: ProxyHeadFailure | undefined): void {
    const close = closeOperation(this.socket, () => this.#owner.notProxied(this, failure));
    close.how = 'reset';
    this.#port.submit(close);
  }
}
