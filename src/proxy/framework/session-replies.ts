import type { HttpError } from '../../http/http-error.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { ProxyError } from '../proxy-error.ts';
import type { CompiledRoute } from './compile.ts';
import type { Replier } from './reply-sender.ts';
import type { SessionFace } from './session-face.ts';

/** Whose exchange is answered here. */
export interface SessionRepliesOwner {
  readonly face: SessionFace;
  readonly route: CompiledRoute;
  readonly client: ServerConnection | undefined;
  readonly requestEnded: boolean;
  error: ProxyError | HttpError | undefined;
  responseStarted: boolean;
  status: number;
  bodyBytes: number;
  finish(): void;
  cut(): void;
  handlerFailed(error: unknown): void;
}

/** What a reply that a handler has made is to the exchange that it answers. */
export class SessionReplies implements Replier {
  readonly #owner: SessionRepliesOwner;

  constructor(owner: SessionRepliesOwner) {
    this.#owner = owner;
  }

  get face(): SessionFace {
    return this.#owner.face;
  }

  get replyTo(): ServerConnection {
    return this.#owner.client as ServerConnection;
  }

  get replyMayReuse(): boolean {
    const { replyTo } = this;
    return replyTo.persistent && this.#owner.requestEnded && replyTo.head.minorVersion === 1;
  }

  get replyFilters(): CompiledRoute['phases'] {
    return this.#owner.route.phases;
  }

  replyHead(text: string, status: number): void {
    const owner = this.#owner;
    owner.responseStarted = true;
    owner.status = status;
    owner.face.sends(status, text);
    this.replyTo.send(text);
  }

  replySent(bytes: number): void {
    this.#owner.bodyBytes += bytes;
  }

  replyDone(reuse: boolean): void {
    const client = this.replyTo;
    this.#owner.finish();
    client.endResponse(reuse);
  }

  replyCut(error: unknown): void {
    this.#owner.error = new ProxyError('Internal', 'internal', error);
    this.#owner.cut();
  }

  handlerFailed(error: unknown): void {
    this.#owner.handlerFailed(error);
  }
}
