import type { MessageHead } from '../../http/message-head.ts';
import type { ResponseHead } from './messages.ts';
import type { Peer } from './peers.ts';
import { ReceivedRequest } from './received-request.ts';
import type { ByteCounts, SessionBase, Timings } from './session-base.ts';

/** What a session's own methods need of the engine; gone once the exchange is over. */
export interface SessionEngine {
  keepRequestBody(limitBytes: number): Promise<Uint8Array>;
  abortExchange(cause: unknown): void;
}

const NOWHERE: SessionEngine = {
  keepRequestBody: () => Promise.reject(new Error('the exchange is over')),
  abortExchange: () => {},
};

/** One exchange as handlers see it. What nobody asks for is not made. */
export class SessionFace implements SessionBase {
  readonly kind: SessionBase['kind'];
  readonly req: ReceivedRequest;
  /** Of the proxy's plugins, together. */
  ctx: object;
  res: Readonly<ResponseHead> | undefined;
  clientIp: string;
  attempts = 0;
  acceptedMs: number;
  headersInMs: number;
  connectedMs = 0;
  firstByteMs = 0;
  doneMs = 0;
  fromClient = 0;
  toClient = 0;
  fromUpstream = 0;
  toUpstream = 0;
  #engine: SessionEngine;
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
    this.req = new ReceivedRequest(head);
    this.ctx = this;
    this.clientIp = clientIp;
    this.acceptedMs = nowMs;
    this.headersInMs = nowMs;
  }

  get tried(): readonly Peer[] {
    return this.#tried ?? [];
  }

  get vars(): Record<string, string> {
    this.#vars ??= {};
    return this.#vars;
  }

  set vars(vars: Record<string, string>) {
    this.#vars = vars;
  }

  get timings(): Timings {
    return {
      accepted: this.acceptedMs,
      headersIn: this.headersInMs,
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
    this.#tried ??= [];
    this.#tried.push(peer);
  }

  /** For the engine: the exchange is over. */
  end(cause: unknown): void {
    this.#ended = true;
    this.#engine = NOWHERE;
    this.#abort?.abort(cause);
  }
}
