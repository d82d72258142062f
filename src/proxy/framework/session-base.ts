import type { RequestHead, ResponseHead } from './messages.ts';
import type { Peer } from './peers.ts';

/** Moments of an exchange, in milliseconds on the port's monotonic clock; 0 did not happen. */
export type Timings = {
  readonly accepted: number;
  readonly headersIn: number;
  readonly connected: number;
  readonly firstByte: number;
  readonly done: number;
};

/** Bytes of heads and bodies, the framing of chunks left out; of all attempts together. */
export type ByteCounts = {
  readonly fromClient: number;
  readonly toClient: number;
  readonly fromUpstream: number;
  readonly toUpstream: number;
};

/** One exchange: a request, an upgrade, a CONNECT. Not to be used after `logging`. */
export interface SessionBase {
  readonly kind: 'request' | 'upgrade' | 'connect';
  /** The protocol that an upgrade is to, as the client wrote it. */
  readonly upgrade: string | undefined;
  readonly req: RequestHead;
  /** What was sent to the client; `undefined` until that head is fixed. */
  readonly res: Readonly<ResponseHead> | undefined;
  /** The client's address, or what a handler of `earlyRequest` put in its place. */
  clientIp: string;
  /** Upstream attempts begun, 0 before the first. */
  readonly attempts: number;
  /** Peers of those attempts, in order. */
  readonly tried: readonly Peer[];
  readonly timings: Timings;
  readonly bytes: ByteCounts;
  /** Aborted when the exchange ends, for whatever reason. */
  readonly signal: AbortSignal;
  /** Values that handlers share; nothing of the engine's is in it. */
  vars: Record<string, string>;
  /**
   * The whole request body, `limitBytes` at most; in phases before the request is sent. It is kept,
   * and sent again where an attempt is repeated. Rejects with `ProxyError` (`BodyTooLarge`, or why
   * it did not come).
   */
  bufferRequestBody(limitBytes: number): Promise<Uint8Array>;
  /** Ends both sides now; `logging` still runs. */
  abort(cause?: unknown): void;
}

/** An exchange with the context of the proxy's plugins. */
export type Session<C> = SessionBase & { readonly ctx: C };
