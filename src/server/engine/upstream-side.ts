import type { ClientConnection } from '../../http/client-connection.ts';
import type { ClientFailure } from '../../http/client-options.ts';
import type { MessageHead } from '../../http/message-head.ts';
import type { ProxyError } from '../../proxy/proxy-error.ts';
import type { Request } from './request.ts';

/** Who talks to a server for a request: the proxy's part of it. */
export interface UpstreamSide {
  /** A server was chosen for another attempt. */
  attempting(request: Request): void;
  /** There is a connection for the current attempt. */
  ready(request: Request, upstream: ClientConnection): void;
  /** A lent view of the client's body is about to go to the server. `true`: it has been taken. */
  bodyPassed(request: Request, data: Uint8Array, from: number, to: number): boolean;
  /** There is no more of it. */
  bodyEnds(request: Request): void;
  responseHead(request: Request, head: MessageHead): void;
  /** The answer has come to its end; its connection is still the request's. */
  responseEnd(request: Request): void;
  /** The answer will not come, or not to its end; its connection is still the request's. */
  responseFailed(request: Request, failure: ClientFailure): void;
  connectFailed(request: Request, error: ProxyError): void;
  noServer(request: Request): void;
  /** The client sends nothing more, and gets nothing more. `true`: the request ends by itself. */
  clientGone(request: Request): boolean;
  /** The request is over; loggers are next. */
  finished(request: Request): void;
}
