import type { ProactorPort } from '../core/proactor.ts';
import type { Duplex } from './duplex.ts';
import { IoError } from './io-error.ts';
import type { CloseOptions } from './stream.ts';
import { Waiter, type WaitOptions } from './wait.ts';

/** What a handshake has agreed on. */
export type TlsSession = {
  /** `TLSv1.3`, for one. */
  readonly protocol: string | undefined;
  readonly alpn: string | undefined;
  /** The name that the client asked for (SNI, RFC 6066 §3). */
  readonly serverName: string | undefined;
  /** Has the peer's certificate been verified? */
  readonly authorized: boolean;
  /** The peer's certificate as DER. */
  readonly peerCertificate: Uint8Array | undefined;
};

/** A stream behind TLS, with the face of `Stream`. One reader at a time. */
export class SecureStream implements AsyncIterable<Uint8Array>, AsyncDisposable {
  /** The same connection for what wants a Node socket. Use the one or the other. */
  readonly duplex: Duplex;
  readonly session: TlsSession;
  readonly #port: ProactorPort;

  constructor(port: ProactorPort, duplex: Duplex, session: TlsSession) {
    this.#port = port;
    this.duplex = duplex;
    this.session = session;
  }

  /** The next bytes, the caller's own; `undefined` after the peer's close_notify. */
  async recv(options: WaitOptions = {}): Promise<Uint8Array | undefined> {
    options.signal?.throwIfAborted();
    const { duplex } = this;
    for (;;) {
      const chunk = duplex.read() as Uint8Array | null;
      if (chunk !== null) return chunk;
      if (duplex.readableEnded) return undefined;
      await this.#once('recv', ['readable', 'end'], options);
    }
  }

  /**
   * Encrypts and queues `data`; ends when less than the high mark waits. `data` is lent until
   * then. An abort ends the wait and not the message.
   */
  async send(data: Uint8Array | string, options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const waiter = new Waiter(this.#port, 'send', options, () => {});
    this.duplex.write(data, (error) => {
      if (error) waiter.reject(tlsError('send', error));
      else waiter.resolve();
    });
    await waiter.promise;
  }

  /** Sends close_notify and FIN behind everything that was sent; receiving goes on. */
  async shutdown(options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const waiter = new Waiter(this.#port, 'shutdown', options, () => {});
    this.duplex.end(() => waiter.resolve());
    if (this.duplex.destroyed) waiter.resolve();
    await waiter.promise;
  }

  /** Ends the connection: after what was sent, or with `reset` at once. */
  async close({ how, lingerMs = 5_000 }: CloseOptions = {}): Promise<void> {
    const { duplex } = this;
    if (duplex.closed) return;
    const closed = new Waiter(this.#port, 'close', {}, () => {});
    duplex.once('close', () => closed.resolve());
    duplex.on('error', () => {}); // Whoever closes does not care any more how it failed.
    if (how !== 'reset') await this.shutdown({ timeoutMs: lingerMs }).catch(() => {});
    duplex.destroy();
    await closed.promise;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (let chunk = await this.recv(); chunk !== undefined; chunk = await this.recv()) yield chunk;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends with the first of `events`, or as the connection does. */
  #once(call: string, events: readonly string[], options: WaitOptions): Promise<void> {
    return eventOf(this.#port, this.duplex, call, events, options);
  }
}

/** Waits for one of `events`; an `error`, a `close` or an `end` that is none of them rejects. */
export async function eventOf(
  port: ProactorPort,
  duplex: Duplex,
  call: string,
  events: readonly string[],
  options: WaitOptions,
): Promise<void> {
  const waiter = new Waiter(port, call, options, () => {});
  const arrived = () => waiter.resolve();
  const failed = (error: Error) => waiter.reject(tlsError(call, error));
  const ended = () => {
    if (!events.includes('end')) waiter.reject(tlsError(call, new Error('the peer ended it')));
  };
  const closed = () => waiter.reject(tlsError(call, duplex.errored ?? undefined));
  for (const event of events) duplex.on(event, arrived);
  // Node reports a server's failed handshake by this event alone.
  duplex.on('error', failed).on('_tlsError', failed).on('end', ended).on('close', closed);
  if (duplex.closed) closed();
  try {
    await waiter.promise;
  } finally {
    for (const event of events) duplex.off(event, arrived);
    duplex.off('error', failed).off('_tlsError', failed).off('end', ended).off('close', closed);
  }
}

/** A transport's failure stays what it is; a failure of TLS itself has the code `tls`. */
function tlsError(call: string, cause: Error | undefined): IoError {
  if (cause instanceof IoError) return cause;
  if (cause === undefined) return new IoError({ code: 'cancelled', call });
  return new IoError({ code: 'tls', call }, { cause, about: cause.message });
}
