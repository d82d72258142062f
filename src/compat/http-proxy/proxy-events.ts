import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ProxyTarget, ServerOptions } from './options.ts';

/** Called instead of the `error` event. `res` is the client's socket for an upgrade. */
export type ErrorCallback = (
  error: Error,
  req: IncomingMessage,
  res: ServerResponse | Socket,
  target?: ProxyTarget,
) => void;

/** What a proxy emits, by the names of http-proxy. */
export type ProxyEvents = {
  error: [
    error: Error,
    req: IncomingMessage,
    res: ServerResponse | Socket,
    target?: ProxyTarget | undefined,
  ];
  /** The client has gone before its answer was complete. */
  econnreset: [error: Error, req: IncomingMessage, res: ServerResponse, target: ProxyTarget];
  start: [req: IncomingMessage, res: ServerResponse, target: ProxyTarget];
  proxyReq: [
    proxyReq: ClientRequest,
    req: IncomingMessage,
    res: ServerResponse,
    options: ServerOptions,
  ];
  proxyReqWs: [
    proxyReq: ClientRequest,
    req: IncomingMessage,
    socket: Socket,
    options: ServerOptions,
    head: Buffer,
  ];
  proxyRes: [proxyRes: IncomingMessage, req: IncomingMessage, res: ServerResponse];
  end: [req: IncomingMessage, res: ServerResponse, proxyRes: IncomingMessage];
  open: [proxySocket: Duplex];
  /** The older name of `open`. */
  proxySocket: [proxySocket: Duplex];
  close: [proxyRes: IncomingMessage, proxySocket: Duplex, proxyHead: Buffer];
};

/** What carries requests needs of the proxy. */
export interface Events {
  emit<Name extends keyof ProxyEvents>(name: Name, ...values: ProxyEvents[Name]): boolean;
  listenerCount(name: keyof ProxyEvents): number;
}
