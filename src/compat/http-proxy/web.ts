import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Connections } from './connections.ts';
import { hungUp } from './node-error.ts';
import type { ProxyTarget, ServerOptions } from './options.ts';
import { type Outgoing, outgoing } from './outgoing.ts';
import { OutgoingRequest } from './outgoing-request.ts';
import type { ErrorCallback, Events } from './proxy-events.ts';
import { copyHead } from './response-passes.ts';
import { WebExchange } from './web-exchange.ts';

/** One client's request, and who wants to hear of it. */
export type WebCall = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly options: ServerOptions;
  readonly callback: ErrorCallback | undefined;
  readonly events: Events;
  readonly connections: Connections;
};

/** Proxies one request: to `forward`, where there is one, and to `target`. */
export function proxyWeb(call: WebCall): void {
  const { req, res, options, events } = call;
  const { target, forward, timeout } = options;
  let copy: Outgoing | undefined;
  let main: Outgoing | undefined;
  try {
    if (forward !== undefined) copy = outgoing(req, options, 'forward', 'http');
    if (target !== undefined) main = outgoing(req, options, 'target', 'http');
  } catch (error) {
    // The target may come from the request: no client is to end the process by it.
    report(call, error as Error, (target ?? forward) as ProxyTarget);
    return;
  }
  if (timeout) req.socket.setTimeout(timeout);
  events.emit('start', req, res, (main ?? copy)?.target.given as ProxyTarget);
  if (main === undefined) {
    if (copy !== undefined) sendCopy(call, copy);
    res.end();
    return;
  }
  const shown = { ...options, target: main.target.given };
  new ProxiedRequest({ ...call, options: shown }, main, copy).begin();
}

/** A copy of the request whose answer nobody waits for. */
function sendCopy(call: WebCall, copy: Outgoing): void {
  const { req, connections, options } = call;
  const request = new OutgoingRequest(copy, req);
  const failed = (error: Error) => {
    if (!req.destroyed || req.complete) report(call, error, copy.target.given);
  };
  const exchange = new WebExchange(request, connections, copy.destination, failed);
  request.on('error', failed).on('response', (response: IncomingMessage) => {
    response.on('error', () => {}).resume();
  });
  // A request that was cut is not to look complete.
  req.once('close', () => {
    if (!req.complete) request.destroy();
  });
  (options.buffer ?? req).pipe(request);
  exchange.start();
}

/** The request that the client waits for, until its answer is complete or one side has gone. */
class ProxiedRequest {
  readonly #call: WebCall;
  readonly #outgoing: Outgoing;
  readonly #request: OutgoingRequest;
  readonly #exchange: WebExchange;
  readonly #copy: Outgoing | undefined;
  /** The client has gone: what follows is no failure of the target. */
  #left = false;
  #answered: IncomingMessage | undefined;

  constructor(call: WebCall, to: Outgoing, copy: Outgoing | undefined) {
    this.#call = call;
    this.#outgoing = to;
    this.#copy = copy;
    this.#request = new OutgoingRequest(to, call.req);
    this.#exchange = new WebExchange(this.#request, call.connections, to.destination, (error) =>
      this.#report(error),
    );
  }

  begin(): void {
    const { req, res, options, events } = this.#call;
    const body = (options.buffer ?? req) as Readable;
    res.once('close', () => this.#onClose());
    this.#request.on('response', (response: IncomingMessage) => this.#answer(response));
    // What the target did not want is dropped, so that the client's connection can go on.
    this.#request.once('close', () => {
      body.unpipe(this.#request);
      if (!body.destroyed) body.resume();
    });
    if (body !== req) body.once('error', (error: Error) => this.#request.destroy(error));
    this.#request.on('error', (error: Error) => this.#report(error));
    // As in Node, handlers may be attached right after the call; and no byte may be sent before.
    queueMicrotask(() => {
      if (res.destroyed) {
        this.#onClose();
        return;
      }
      events.emit('proxyReq', this.#request, req, res, options);
      if (this.#request.destroyed) return;
      // Before the body flows, both have to be there.
      if (this.#copy !== undefined) sendCopy(this.#call, this.#copy);
      body.pipe(this.#request);
      this.#exchange.start();
    });
  }

  #answer(proxyRes: IncomingMessage): void {
    const { req, res, options, events } = this.#call;
    this.#answered = proxyRes;
    proxyRes.once('error', () => {
      // The client must see that the rest is missing, unless the user takes care of it.
      if (!options.selfHandleResponse || proxyRes.listenerCount('error') === 0) res.destroy();
    });
    events.emit('proxyRes', proxyRes, req, res);
    if (!res.headersSent && !options.selfHandleResponse) {
      try {
        copyHead(req, res, proxyRes, options, this.#outgoing.target);
      } catch (error) {
        this.#request.destroy(error as Error);
        return;
      }
    }
    if (res.writableEnded) {
      events.emit('end', req, res, proxyRes);
      return;
    }
    proxyRes.once('end', () => events.emit('end', req, res, proxyRes));
    if (!options.selfHandleResponse) proxyRes.pipe(res);
  }

  #onClose(): void {
    const { req, res, events } = this.#call;
    if (res.writableFinished) {
      // Somebody else has answered; a response that nobody has begun to read will not be read.
      if (this.#answered?.readableFlowing === null) this.#request.destroy();
      return;
    }
    this.#left = true;
    this.#request.destroy();
    events.emit('econnreset', hungUp(), req, res, this.#outgoing.target.given);
  }

  #report(error: Error): void {
    if (!this.#left) report(this.#call, error, this.#outgoing.target.given);
  }
}

/** Tells whoever listens; where nobody does, the client is answered, and the process goes on. */
function report({ req, res, callback, events }: WebCall, error: Error, target: ProxyTarget): void {
  if (callback !== undefined) callback(error, req, res, target);
  else if (events.listenerCount('error') > 0) events.emit('error', error, req, res, target);
  else if (res.headersSent) res.destroy();
  else if (!res.writableEnded) {
    res.statusCode = 502;
    res.end();
  }
}
