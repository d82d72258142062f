import type { EventLoop } from '../../core/event-loop.ts';
import type { ClientConnection } from '../../http/client-connection.ts';
import { editedResponseHead, framingLine } from '../../http/edited-head.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { sendBytes, sendChunk } from '../../http/send-body.ts';
import { responseHead } from '../../http/serializer.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { isHead } from '../request-method.ts';
import { BodyPipe, type BodyPipeOwner, copyOf } from './body-pipe.ts';
import type { CompiledRoute } from './compile.ts';
import { bodyChanges, isBodiless, ReceivedResponse } from './response-heads.ts';
import type { SessionFace } from './session-face.ts';

/** Whose response is on its way down. */
export interface ResponseSideOwner {
  readonly face: SessionFace;
  readonly route: CompiledRoute;
  readonly client: ServerConnection | undefined;
  readonly upstream: ClientConnection | undefined;
  responseStarted: boolean;
  reframes: boolean;
  closesAfter: boolean;
  status: number;
  bodyBytes: number;
  dropUpstream(): void;
  endResponse(): void;
  fail(type: 'WriteTimeout', cause: unknown): void;
  handlerFailed(error: unknown): void;
}

/**
 * A response on its way down: its head, which may wait in its connection for handlers, and its
 * body where filters are to see it. Used again for the next exchange.
 */
export class ResponseSide implements BodyPipeOwner {
  readonly #owner: ResponseSideOwner;
  readonly #loop: EventLoop;
  #source: MessageHead | undefined;
  #seen: ReceivedResponse | undefined;
  #pipe: BodyPipe | undefined;
  /** Handlers are called from within the connection's call, which can hold the head for them. */
  inHead = false;
  #held = false;

  constructor(owner: ResponseSideOwner, loop: EventLoop) {
    this.#owner = owner;
    this.#loop = loop;
  }

  /** A head has come. */
  begin(head: MessageHead): void {
    this.#source = head;
    this.#seen = undefined;
    this.#held = false; // An attempt may have failed while its head waited.
  }

  /** The head that has come, for the time of its exchange. */
  get source(): MessageHead {
    return this.#source as MessageHead;
  }

  /** The head as handlers see and change it; made for the first one. */
  show(): ReceivedResponse {
    this.#seen ??= new ReceivedResponse(this.source);
    return this.#seen;
  }

  /** A handler takes its time: what follows the head waits, too. */
  hold(): void {
    if (!this.inHead || this.#held) return;
    this.#held = true;
    this.#owner.upstream?.holdHead();
  }

  /** Is there a filter that the body goes through? */
  get isFiltered(): boolean {
    return this.#pipe !== undefined;
  }

  /** The client takes more of a filtered body. */
  goOn(): void {
    this.#pipe?.goOn();
  }

  /** Takes a lent view of a filtered body. */
  push(data: Uint8Array, from: number, to: number): void {
    this.#pipe?.push(copyOf(data, from, to));
  }

  /** Takes the end of a filtered body. */
  pushEnd(): void {
    this.#pipe?.push(undefined);
  }

  /** Sends the head as handlers have left it, and lets the body come. */
  send(): void {
    const owner = this.#owner;
    const client = owner.client as ServerConnection;
    const { source } = this;
    const status = this.#seen?.status ?? source.status;
    const comes = source.framing !== 'none';
    const bodiless = isHead(client.head) || isBodiless(status);
    const text = this.#framedHead(client, status, comes, bodiless);
    owner.face.sends(status, text);
    client.send(text);
    const { upstream } = owner;
    if (comes && bodiless) {
      owner.dropUpstream(); // The body that comes is nobody's.
      owner.endResponse();
      return;
    }
    if (client.paused && upstream?.outbox.level === 'open') client.resumeRequest();
    if (!this.#held) return;
    this.#held = false;
    upstream?.releaseHead();
  }

  /** Fixes how the response is framed. The text of its head. */
  #framedHead(client: ServerConnection, status: number, comes: boolean, bodiless: boolean): string {
    const owner = this.#owner;
    const { framing } = this.source;
    const old = client.head.minorVersion === 0;
    const { responseBodyFilter: filters } = owner.route.phases;
    if (filters !== undefined) bodyChanges(this.show().headers);
    const filtered = comes && !bodiless && filters !== undefined;
    if (filtered) this.#pipe = new BodyPipe(filters, owner.face, this, this.#loop);
    owner.responseStarted = true;
    owner.status = status;
    const chunked = comes && !bodiless && (framing === 'chunked' || filtered);
    owner.reframes = chunked && !old;
    owner.closesAfter =
      !client.persistent || (chunked && old) || (framing === 'close' && !chunked && !bodiless);
    let ours = owner.reframes ? framingLine('chunked') : '';
    if (!comes && !bodiless) ours += framingLine(0); // A handler has given it another status.
    if (owner.closesAfter) ours += 'Connection: close\r\n';
    else if (old) ours += 'Connection: keep-alive\r\n';
    return this.#headText(filters === undefined && comes !== bodiless, ours);
  }

  #headText(keepsLength: boolean, ours: string): string {
    const { source } = this;
    if (keepsLength && this.#seen?.changed !== true) return responseHead(source, ours);
    const { status, ownReason, headers } = this.#seen ?? new ReceivedResponse(source);
    return editedResponseHead(status, ownReason, source, headers, keepsLength, ours);
  }

  /** Nothing more of a filtered body. */
  stop(): void {
    this.#pipe?.stop();
  }

  /** The exchange is over. `isKept`: who may still read of the head gets a copy. */
  leave(isKept: boolean): void {
    this.#seen?.leave(this.source, isKept);
    this.#seen = undefined;
    this.#source = undefined;
    this.#pipe = undefined;
    this.#held = false;
  }

  filtered(bytes: Uint8Array): boolean {
    const owner = this.#owner;
    const { outbox } = owner.client as ServerConnection;
    owner.bodyBytes += bytes.length;
    const send = owner.reframes ? sendChunk : sendBytes;
    if (send(outbox, bytes, 0, bytes.length, true)) return outbox.level === 'open';
    owner.fail('WriteTimeout', undefined);
    return false;
  }

  filteredAll(): void {
    this.#owner.endResponse();
  }

  filterWaits(waits: boolean): void {
    if (waits) this.#owner.upstream?.pauseResponse();
    else this.#owner.upstream?.resumeResponse();
  }

  filterFailed(error: unknown): void {
    this.#owner.handlerFailed(error);
  }
}
