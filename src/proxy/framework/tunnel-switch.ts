import type { ClientConnection } from '../../http/client-connection.ts';
import { editedResponseHead } from '../../http/edited-head.ts';
import type { HttpError } from '../../http/http-error.ts';
import type { MessageHead } from '../../http/message-head.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { Attempts } from '../attempts.ts';
import { ProxyError } from '../proxy-error.ts';
import { Tunnel, type TunnelOwner } from '../tunnel.ts';
import type { PhasedShared } from './generation.ts';
import { type ReceivedResponse, ReplyHead } from './response-heads.ts';
import type { SessionFace } from './session-face.ts';
import { upgradeLines } from './switching.ts';

/** Whose exchange becomes a tunnel. */
export interface TunnelSwitchOwner {
  readonly face: SessionFace;
  readonly attempts: Attempts;
  readonly shared: PhasedShared;
  readonly client: ServerConnection | undefined;
  upstream: ClientConnection | undefined;
  error: ProxyError | HttpError | undefined;
  responseStarted: boolean;
  status: number;
  bodyBytes: number;
  finish(): void;
  handlerFailed(error: unknown): void;
}

/** The end of HTTP on both connections of an exchange, and the tunnel that is there instead. */
export class TunnelSwitch implements TunnelOwner {
  readonly #owner: TunnelSwitchOwner;
  /** The answer to a CONNECT. */
  #established: ReplyHead | undefined;
  #tunnel: Tunnel | undefined;

  constructor(owner: TunnelSwitchOwner) {
    this.#owner = owner;
  }

  /** Is there a tunnel, or about to be? */
  get isOn(): boolean {
    return this.#tunnel !== undefined;
  }

  /** The answer to a CONNECT whose connection is there, for handlers. */
  establish(): ReplyHead {
    this.#established = new ReplyHead({ status: 200 });
    this.#established.reason = 'Connection established';
    return this.#established;
  }

  /** Answers the CONNECT. */
  confirm(): void {
    const { status, reason, headers } = this.#established as ReplyHead;
    this.#begin(200, status, `HTTP/1.1 200 ${reason}\r\n${headers.lines()}\r\n`);
  }

  /** Passes on a 101 that `head` was, as handlers have left it. */
  upgrade(head: MessageHead, { status, reason, headers }: ReceivedResponse): void {
    const lines = upgradeLines(this.#owner.face.upgrade as string);
    this.#begin(101, status, editedResponseHead(101, reason, head, headers, false, lines));
  }

  /** Ends HTTP on both connections with this answer. Another status would not say so. */
  #begin(wanted: 101 | 200, status: number, text: string): void {
    const owner = this.#owner;
    if (status !== wanted) {
      owner.handlerFailed(new RangeError(`${wanted} cannot become ${status}: reply instead`));
      return;
    }
    const client = owner.client as ServerConnection;
    const { server, target } = owner.attempts;
    target.group.succeeded(server);
    owner.error = undefined; // Of an attempt before this one.
    owner.responseStarted = true;
    owner.status = status;
    owner.face.sends(status, text);
    client.send(text);
    this.#tunnel = new Tunnel(target.client, client, this);
    this.#tunnel.begin(owner.upstream as ClientConnection, () => {
      owner.upstream = undefined;
    });
  }

  /** `true`: the tunnel ends, and tells when it has ended. */
  stop(): boolean {
    return this.#tunnel?.stop() === true;
  }

  /** Both sockets are closed. */
  tunnelEnded(error: ProxyError | undefined): void {
    const owner = this.#owner;
    const shutdown = error !== undefined && owner.shared.isCut;
    owner.error ??= shutdown
      ? new ProxyError('Internal', 'internal', new Error('shutdown'))
      : error;
    const client = owner.client as ServerConnection;
    owner.finish();
    client.socketClosed();
  }

  /** The exchange is over: what the tunnel has moved is its. */
  count(): void {
    if (this.#tunnel === undefined) return;
    const { clientBytes, serverBytes } = this.#tunnel;
    const { face } = this.#owner;
    face.fromClient += clientBytes;
    face.toUpstream += clientBytes;
    face.fromUpstream += serverBytes;
    this.#owner.bodyBytes += serverBytes;
  }

  /** Nothing is left of it, for the next exchange. */
  forget(): void {
    this.#established = undefined;
    this.#tunnel = undefined;
  }
}
