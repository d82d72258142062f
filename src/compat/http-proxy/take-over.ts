import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServerOptions } from './options.ts';
import type { ErrorCallback } from './proxy-events.ts';
import { ProxyServer } from './proxy-server.ts';

/** What a proxy of http-proxy's kind has; programs that bundle one hand it out for configuration. */
export type Replaceable = {
  emit(name: string, ...values: never[]): boolean;
  listeners(name: string): unknown[];
  web: unknown;
  ws: unknown;
};

const EVENTS = [
  'close',
  'econnreset',
  'end',
  'error',
  'open',
  'proxyReq',
  'proxyReqWs',
  'proxyRes',
  'start',
] as const;

/**
 * Puts this proxy in the place of one that another program has made: Vite's `configure`, for one.
 * Requests go through the one that is returned; listeners of the other hear of them.
 */
export function takeOver(proxy: Replaceable, options: ServerOptions = {}): ProxyServer {
  const own = new ProxyServer(options);
  for (const name of EVENTS) {
    own.on(name, (...values: unknown[]) => proxy.emit(name, ...(values as never[])));
  }
  proxy.web = (
    req: IncomingMessage,
    res: ServerResponse,
    given?: ServerOptions,
    told?: ErrorCallback,
  ) => own.web(req, res, given, told);
  proxy.ws = (
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    given?: ServerOptions,
    told?: ErrorCallback,
  ) => own.ws(req, socket, head, given, told);
  return own;
}
