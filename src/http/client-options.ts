import type { BufferPool } from '../core/buffer-pool.ts';
import type { Fault } from '../core/fault.ts';
import type { SocketId } from '../core/operation.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { ClientConnection } from './client-connection.ts';
import type { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import type { ParserPool } from './parser-pool.ts';

/** Why a response will not come, or not to its end. */
export type ClientFailure =
  | { readonly kind: 'closed'; readonly fault: Fault | undefined }
  | { readonly kind: 'timeout'; readonly direction: 'read' | 'write' }
  | { readonly kind: 'protocol'; readonly error: HttpError };

/** No socket's number: there will be one. */
export const NOT_YET: SocketId = -2;

/** One request and its answer, on the side that asks. */
export interface ClientExchange {
  /** The final response's head; nothing of it may be kept after the call. */
  responseHead(head: MessageHead): void;
  /** Bytes of the response's body, a lent view, or for good when `owned`. */
  responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void;
  /**
   * Where large bodies may be moved to inside the kernel: a socket of the same port, `NO_SOCKET`
   * where they may not, `NOT_YET` where they may once `resumeResponse` is called.
   */
  moveTo?(): SocketId;
  /** How long that socket may take nothing, in milliseconds; default: `sendMs`. */
  readonly moveMs?: number;
  /** Bytes of the body went there. */
  responseMoved?(bytes: number): void;
  /** That socket takes no more. */
  moveFailed?(): void;
  /** The response is complete; the connection may be used again where it is `reusable`. */
  responseEnd(): void;
  /** A 103 that comes before the final response; without it, 103 is dropped as 100 is. */
  earlyHints?(head: MessageHead): void;
  /** Nothing more comes; the connection has been closed. */
  responseFailed(failure: ClientFailure): void;
  /** The server takes the request too slowly, or again fast enough. */
  requestLevel(level: Level): void;
}

/** What all connections to upstreams share. */
export type ClientShared = {
  readonly port: ProactorPort;
  readonly buffers: BufferPool;
  /** Chunks of `BULK_BYTES` for large bodies; `undefined` where the port would copy into them. */
  readonly bulk: BufferPool | undefined;
  readonly parsers: ParserPool;
  readonly timeouts: {
    /** Between two reads of a response, in milliseconds; also until its first byte. */
    readonly readMs: number;
    /** For a server to take what one write sends. */
    readonly sendMs: number;
    /** How long a connection is kept without a request. */
    readonly idleMs: number;
  };
};

/** Told when a connection without an exchange has ended. */
export interface ClientOwner {
  idleConnectionGone(connection: ClientConnection): void;
}
