import type { TcpAsker } from './tcp-asker.ts';
import { TcpLink, type TcpSettings } from './tcp-link.ts';
import { TCP_QUERY_BYTES_MAX } from './tcp-waiting.ts';

export { type TcpAsker, type TcpFailure, type TcpFailureCode, TcpPlace } from './tcp-asker.ts';
export type { TcpSettings, TcpStray } from './tcp-link.ts';

/** Queries that wait for an answer of one server over TCP, at most; one more is refused. */
export const TCP_QUERIES_MAX: number = 1_000;
/**
 * Sockets to one server, those that are being closed included. More than one is there only while
 * a server that fell silent still owes answers to those who wait on.
 */
export const TCP_LINKS_MAX: number = 4;
const HEADER_BYTES = 12;

/**
 * All queries to one server over TCP share a connection (RFC 7766 §6.2.1). It is opened for the
 * first one; they go out without waiting for each other, and answers come in any order. Idle for
 * 10 s, it is closed. Every query that was taken ends once, unless it leaves: with `tcpReply`
 * that says `true`, or with `tcpFailed`.
 *
 * Queries on a connection that had been of use and that the server then ended are asked again by
 * themselves, once, on a new one: the server was free to end it (RFC 7766 §6.2.4).
 */
export class TcpConnection {
  readonly #settings: TcpSettings;
  readonly #links = new Set<TcpLink>();
  #current: TcpLink | undefined;
  #closed = false;
  readonly #onClosed: (() => void)[] = [];

  constructor(settings: TcpSettings) {
    this.#settings = settings;
  }

  /** Queries that wait for their answer. */
  get waiting(): number {
    let waiting = 0;
    for (const link of this.#links) waiting += link.waiting;
    return waiting;
  }

  /** Sockets that are open, being opened or being closed. */
  get links(): number {
    return this.#links.size;
  }

  /**
   * Asks; an asker that still waits here gives that up. No callback runs within this call.
   * `false`: refused by a bound, or closed; nothing was started, and none will run.
   */
  ask(asker: TcpAsker): boolean {
    const { length } = asker.query;
    if (length < HEADER_BYTES || length > TCP_QUERY_BYTES_MAX) return false;
    this.leave(asker);
    asker.tcp.again = false;
    return this.#ask(asker);
  }

  /** The asker does not want its answer any more; none of its callbacks runs. */
  leave(asker: TcpAsker): void {
    asker.tcp.holder?.leave(asker);
  }

  /**
   * Ends everything: who waits is told `cancelled`, soon. Nothing is asked from now on. Once no
   * socket is left, `onClosed` runs, never within this call; a second call only adds its own.
   */
  close(onClosed?: () => void): void {
    this.#closed = true;
    if (onClosed !== undefined) this.#onClosed.push(onClosed);
    for (const link of this.#links) link.end('cancelled');
    if (this.#links.size === 0) this.#tellSoon();
  }

  linkLost(asker: TcpAsker): boolean {
    asker.tcp.again = true;
    return this.#ask(asker);
  }

  linkGone(link: TcpLink): void {
    this.#links.delete(link);
    if (this.#current === link) this.#current = undefined;
    // Its askers are told after this, and before that.
    if (this.#closed && this.#links.size === 0) this.#tellSoon();
  }

  #tellSoon(): void {
    const tell = () => {
      for (const onClosed of this.#onClosed.splice(0)) onClosed();
    };
    if (!this.#settings.port.loop.post(tell)) tell(); // The port is closed: nothing runs later.
  }

  #ask(asker: TcpAsker): boolean {
    if (this.#closed || this.waiting >= TCP_QUERIES_MAX) return false;
    if (this.#current === undefined || !this.#current.usable) {
      if (!this.#hasRoom()) return false;
      this.#current = new TcpLink(this.#settings, this);
      this.#links.add(this.#current);
    }
    this.#current.ask(asker);
    return true;
  }

  /** At the bound the oldest one goes: its server has been silent for longest. */
  #hasRoom(): boolean {
    if (this.#links.size < TCP_LINKS_MAX) return true;
    for (const link of this.#links) {
      if (link.end('timeout')) break;
    }
    return false;
  }
}
