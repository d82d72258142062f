import type { SocketId } from '../core/operation.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { HttpError } from './http-error.ts';
import type { ActivityPool } from './server-activity.ts';
import type { ServerConnection } from './server-connection.ts';

/** How long a server waits for a client, in milliseconds. */
export type ServerTimeouts = {
  /** For the whole head of a request, from its first byte. */
  readonly headMs: number;
  /** Between two reads of a request's body. */
  readonly bodyMs: number;
  /** For a client to take what one write sends. */
  readonly sendMs: number;
  /** For the next request on a connection. */
  readonly idleMs: number;
  /** How long a client that is still sending is read at the end; 0: not at all. */
  readonly lingerMs?: number;
};

export const SERVER_TIMEOUTS: ServerTimeouts = {
  headMs: 60_000,
  bodyMs: 60_000,
  sendMs: 60_000,
  idleMs: 75_000,
};

/** What all connections of a server share. */
export type ServerShared = {
  readonly port: ProactorPort;
  readonly activities: ActivityPool;
  readonly timeouts: ServerTimeouts;
  /** Requests after which a connection is closed. */
  readonly requestsMax: number;
  /** Largest `Content-Length` taken, and most bytes of a chunked body. */
  readonly bodyBytesMax: number;
  readonly handler: RequestHandler;
};

/** What becomes of the requests of a server. */
export interface RequestHandler {
  /** A head has come; `connection.head` is it. The exchange is told of all that follows. */
  request(connection: ServerConnection): Exchange;
  /** A message was refused before there was an exchange; it has been answered. */
  refused(connection: ServerConnection, error: HttpError): void;
  /** The same for who answers himself: `connection.head` is what there is of the request. */
  takeRefused?(connection: ServerConnection, error: HttpError): Exchange;
  /** The client has ended a connection that waited for its next request. */
  leftIdle?(connection: ServerConnection): void;
  /** The connection is gone. */
  closed(connection: ServerConnection): void;
}

/** Who takes over a client's socket, when HTTP has ended on it. */
export interface SocketTaker {
  /** The socket is the taker's to close. `carried`: what came before its time, to be kept. */
  take(socket: SocketId, carried: Uint8Array): void;
  /** The connection is to end now; the taker says when it has closed the socket. */
  stop(): void;
}

/** One request and its answer, on the side that answers. */
export interface Exchange {
  /** Bytes of the request's body, a lent view, or for good when `owned`. */
  requestBody(data: Uint8Array, from: number, to: number, owned: boolean): void;
  requestEnd(): void;
  /** What came together with the head is kept: `ServerConnection.holdBody` has asked for this. */
  bodyHeld?(): void;
  /** The client broke HTTP, and nothing more is read. `true`: the exchange gives the answer. */
  requestRefused?(error: HttpError): boolean;
  /** The client broke HTTP (and has been answered where possible), or is gone. */
  requestFailed(error: HttpError | undefined): void;
  /** The client sends nothing more. `true`: then nobody waits for the answer. */
  clientEnded?(): boolean;
  /** The client takes the answer too slowly, or again fast enough. */
  responseLevel(level: 'open' | 'high'): void;
  /** All that was queued of the answer so far is with the kernel. */
  responseDrained?(): void;
}
