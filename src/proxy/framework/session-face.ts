import { MessageHead } from '../../http/message-head.ts';
import type { ResponseHead } from './messages.ts';
import type { Peer } from './peers.ts';
import { ReceivedRequest } from './received-request.ts';
import { SentResponse } from './response-heads.ts';
import type { ByteCounts, SessionBase, Timings } from './session-base.ts';

/** What a session's own methods need of the engine; gone once the exchange is over. */
export interface SessionEngine {
  keepRequestBody(limitBytes: number): Promise<Uint8Array>;
  abortExchange(cause: unknown): void;
}

/** For exchanges that are over, or that never began. */
export const NOWHERE: SessionEngine = {
  keepRequestBody: () => Promise.reject(new Error('the exchange is over')),
  abortExchange: () => {},
};

const NO_HEAD = new MessageHead();
const NO_CONTEXT: object = Object.freeze({});
/** What X-Forwarded-For can say: an address, `unknown`, or a name that somebody made up (RFC 7239 §6). */
const ADDRESS = /^[A-Za-z0-9._:[\]-]+$/;

/** One exchange as handlers see it. What nobody asks for is not made. */
export class SessionFace implements SessionBase {
  readonly kind: SessionBase['kind'];
  upgrade: string | undefined;
  /** Of the proxy's plugins, together. */
  ctx: object;
  #res: SentResponse | undefined;
  #sentStatus = 0;
  #sentText = '';
  /** A handler has taken its time, and may read of the exchange when that is over. */
  isKept = false;
  attempts = 0;
  /** The head has come. */
  readonly startedMs: number;
  connectedMs = 0;
  firstByteMs = 0;
  doneMs = 0;
  fromClient = 0;
  toClient = 0;
  fromUpstream = 0;
  toUpstream = 0;
  #engine: SessionEngine;
  #head: MessageHead;
  #req: ReceivedRequest | undefined;
  #clientIp: string;
  /** Most exchanges have one attempt, and need no list. */
  #firstTried: Peer | undefined;
  #tried: Peer[] | undefined;
  #vars: Record<string, string> | undefined;
  #abort: AbortController | undefined;
  #ended = false;

  constructor(
    engine: SessionEngine,
    head: MessageHead,
    kind: SessionBase['kind'],
    clientIp: string,
    nowMs: number,
  ) {
    this.#engine = engine;
    this.kind = kind;
    this.#head = head;
    this.ctx = NO_CONTEXT;
    this.#clientIp = clientIp;
    this.startedMs = nowMs;
  }

  get clientIp(): string {
    return this.#clientIp;
  }

  set clientIp(address: string) {
    if (!ADDRESS.test(address)) throw new TypeError(`'${address}' is no address`);
    this.#clientIp = address;
  }

  get req(): ReceivedRequest {
    this.#req ??= new ReceivedRequest(this.#head);
    return this.#req;
  }

  /** The request, where somebody has asked for it. */
  get seenRequest(): ReceivedRequest | undefined {
    return this.#req;
  }

  get res(): Readonly<ResponseHead> | undefined {
    if (this.#sentStatus === 0) return undefined;
    this.#res ??= new SentResponse(this.#sentStatus, this.#sentText);
    return this.#res;
  }

  get tried(): readonly Peer[] {
    if (this.#tried !== undefined) return this.#tried;
    return this.#firstTried === undefined ? [] : [this.#firstTried];
  }

  get vars(): Record<string, string> {
    this.#vars ??= Object.create(null) as Record<string, string>;
    return this.#vars;
  }

  set vars(vars: Record<string, string>) {
    this.#vars = vars;
  }

  get timings(): Timings {
    return {
      accepted: this.startedMs,
      headersIn: this.startedMs,
      connected: this.connectedMs,
      firstByte: this.firstByteMs,
      done: this.doneMs,
    };
  }

  get bytes(): ByteCounts {
    const { fromClient, toClient, fromUpstream, toUpstream } = this;
    return { fromClient, toClient, fromUpstream, toUpstream };
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#ended) this.#abort.abort();
    return this.#abort.signal;
  }

  bufferRequestBody(limitBytes: number): Promise<Uint8Array> {
    return this.#engine.keepRequestBody(limitBytes);
  }

  abort(cause?: unknown): void {
    this.#engine.abortExchange(cause);
  }

  /** For the engine: an attempt at `peer` begins. */
  begin(peer: Peer): void {
    this.attempts += 1;
    if (this.#firstTried === undefined) this.#firstTried = peer;
    else {
      this.#tried ??= [this.#firstTried];
      this.#tried.push(peer);
    }
  }

  /** For the engine: this head goes to the client. */
  sends(status: number, text: string): void {
    this.#sentStatus = status;
    this.#sentText = text;
    this.toClient += text.length;
  }

  /** For the engine: the exchange is over, and is about to be logged. */
  end(cause: unknown): void {
    this.#ended = true;
    this.#engine = NOWHERE;
    this.#abort?.abort(cause);
  }

  /**
   * For the engine: the head of the request will be another's. Who may still read of this one has
   * a copy, and everybody else finds nothing.
   */
  leave(head: MessageHead): MessageHead {
    const left = this.isKept ? head.copy() : NO_HEAD;
    this.#head = left;
    this.#req?.leave(left);
    return left;
  }
}
