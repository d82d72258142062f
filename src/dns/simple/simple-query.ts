import type { Endpoint } from '../../core/endpoint.ts';
import type {
  CloseOperation,
  Operation,
  UdpOpenOperation,
  UdpPeekOperation,
  UdpRecvOperation,
  UdpSendOperation,
} from '../../core/operation.ts';
import { NO_SOCKET } from '../../core/operation.ts';
import {
  closeOperation,
  udpOpenOperation,
  udpPeekOperation,
  udpRecvOperation,
  udpSendOperation,
} from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import type { Random } from '../../core/random.ts';
import { formatEndpoint } from '../../net/address.ts';
import { DnsError, type DnsErrorCode } from './dns-error.ts';
import { type Answer, decodeResponse, isResponseTo, setId } from './message.ts';

/** The longest that one server is waited for while another attempt is left, in milliseconds. */
export const ATTEMPT_MS_MAX: number = 2_000;

/** Whom to ask, and for how long. */
export type QuerySettings = {
  readonly servers: readonly Endpoint[];
  /** Gives the numbers of the queries: it must not be predictable. */
  readonly random: Random;
  /** For all attempts together, in milliseconds. */
  readonly timeoutMs: number;
  /** How often each server is asked, at most. */
  readonly attempts: number;
};

/** The system chooses the port: with the number, it is what an attacker has to guess (RFC 5452). */
const ANY_PORT = {
  ipv4: { family: 'ipv4', address: '0.0.0.0', port: 0 },
  ipv6: { family: 'ipv6', address: '::', port: 0 },
} as const satisfies Record<string, Endpoint>;

/** Answers that settle the matter; after every other one the next server is asked. */
const FINAL: ReadonlySet<DnsErrorCode> = new Set(['CANCELLED', 'NODATA', 'NXDOMAIN', 'TRUNCATED']);

/** Which failure says most, when all attempts have failed: the others rank above these. */
const SAYS_LITTLE: readonly DnsErrorCode[] = ['TIMEOUT', 'NETWORK', 'BAD_MESSAGE'];

/**
 * One question, put to one server after the other until there is an answer.
 *
 *   open → send → peek → recv → close → the end, or the next attempt's open
 *                  ↑______|
 *            not an answer to this
 *
 * One operation is under way at a time, each attempt has a connected socket, a port and a number
 * of its own, and while a query waits nothing is lent to the kernel: the peek has no buffer, and
 * the receive, which shows the port's own view, is started only when a datagram is there.
 */
export class SimpleQuery {
  readonly #port: ProactorPort;
  readonly #settings: QuerySettings;
  /** Ours but for the time from the submission of `#send` to the close of its socket. */
  readonly #query: Uint8Array;
  readonly #onEnd: (outcome: Answer | DnsError) => void;
  readonly #open: UdpOpenOperation;
  readonly #send: UdpSendOperation;
  readonly #peek: UdpPeekOperation;
  readonly #recv: UdpRecvOperation;
  readonly #close: CloseOperation;
  #attempt = 0;
  #server: Endpoint;
  /** The end of this attempt, and of all, in milliseconds on the port's clock. */
  #attemptEndMs = 0;
  #endMs = 0;
  #outcome: Answer | DnsError | undefined;
  /** Datagrams of this attempt that were no answer to it. */
  #strays = 0;

  /** `query` is from `encodeQuery`; its number is set anew for every attempt. */
  constructor(
    port: ProactorPort,
    settings: QuerySettings,
    query: Uint8Array,
    onEnd: (outcome: Answer | DnsError) => void,
  ) {
    this.#port = port;
    this.#settings = settings;
    this.#query = query;
    this.#onEnd = onEnd;
    this.#server = settings.servers[0] as Endpoint;
    this.#open = udpOpenOperation(ANY_PORT.ipv4, () => this.#opened());
    this.#send = udpSendOperation(NO_SOCKET, () => this.#sent());
    this.#peek = udpPeekOperation(NO_SOCKET, () => this.#peeked());
    this.#recv = udpRecvOperation(NO_SOCKET, () => this.#received());
    this.#close = closeOperation(NO_SOCKET, () => this.#next());
    this.#send.data = query;
  }

  /** Begins; `onEnd` runs once, from the loop. */
  start(): void {
    this.#endMs = this.#port.loop.nowMs() + this.#settings.timeoutMs;
    this.#ask();
  }

  /** Each attempt may take its share of the time that is left, so that every server is asked. */
  #ask(): void {
    const { servers, random, attempts } = this.#settings;
    const nowMs = this.#port.loop.nowMs();
    const attemptsLeft = servers.length * attempts - this.#attempt;
    const shareMs = (this.#endMs - nowMs) / attemptsLeft;
    this.#attemptEndMs = nowMs + Math.min(Math.max(shareMs, 0), ATTEMPT_MS_MAX);
    this.#server = servers[this.#attempt % servers.length] as Endpoint;
    this.#attempt += 1;
    this.#strays = 0;
    setId(this.#query, random.nextUint32() >>> 16);
    this.#open.local = this.#server.family === 'ipv6' ? ANY_PORT.ipv6 : ANY_PORT.ipv4;
    this.#open.remote = this.#server;
    this.#submit(this.#open);
  }

  #opened(): void {
    const { status, socket } = this.#open;
    if (status !== 'done') {
      this.#missed(this.#open);
      this.#next();
      return;
    }
    this.#send.socket = socket;
    this.#peek.socket = socket;
    this.#recv.socket = socket;
    this.#close.socket = socket;
    this.#submit(this.#send);
  }

  #sent(): void {
    if (this.#send.status === 'done') this.#watch();
    else this.#leave(this.#send);
  }

  /** Who sends without a pause keeps the peek from ever waiting, and so from expiring. */
  #watch(): void {
    if (this.#port.loop.nowMs() < this.#attemptEndMs) this.#submit(this.#peek);
    else this.#end(this.#timeout());
  }

  #peeked(): void {
    if (this.#peek.status === 'done') this.#submit(this.#recv);
    else this.#leave(this.#peek);
  }

  #received(): void {
    const { status, data, offset, bytes, truncated } = this.#recv;
    if (status !== 'done') {
      this.#leave(this.#recv);
      return;
    }
    const message = data.subarray(offset, offset + bytes);
    if (!isResponseTo(this.#query, message)) {
      this.#strays += 1;
      this.#watch();
      return;
    }
    if (truncated) this.#end(new DnsError('TRUNCATED', 'longer than a receive'));
    else this.#end(this.#decoded(message));
  }

  #decoded(message: Uint8Array): Answer | DnsError {
    try {
      return decodeResponse(this.#query, message);
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      return error;
    }
  }

  /** The attempt is over; its socket goes first, and with it whatever is still under way. */
  #end(outcome: Answer | DnsError): void {
    this.#keep(outcome);
    this.#port.submit(this.#close);
  }

  #leave(operation: Operation): void {
    this.#missed(operation);
    this.#port.submit(this.#close);
  }

  #missed({ kind, status, fault }: Operation): void {
    if (status === 'expired') {
      this.#keep(this.#timeout());
      return;
    }
    // Nobody but the port itself cancels, when it is closed.
    const closed = status === 'cancelled' || fault?.code === 'closed';
    const why = fault === undefined ? status : `${fault.code} (${fault.native.code})`;
    this.#keep(new DnsError(closed ? 'CANCELLED' : 'NETWORK', `${kind}: ${why}`, { fault }));
  }

  #timeout(): DnsError {
    return new DnsError('TIMEOUT', `no answer, ${this.#strays} stray datagrams`);
  }

  /** What was learnt stays, unless something more telling comes. */
  #keep(outcome: Answer | DnsError): void {
    const known = this.#outcome;
    if (!(outcome instanceof DnsError)) this.#outcome = outcome;
    else if (!(known instanceof DnsError) || rankOf(outcome) >= rankOf(known)) {
      this.#outcome = from(outcome, this.#server);
    }
  }

  #next(): void {
    const outcome = this.#outcome as Answer | DnsError;
    const { servers, attempts } = this.#settings;
    const settled = !(outcome instanceof DnsError) || FINAL.has(outcome.code);
    const over =
      this.#attempt === servers.length * attempts || this.#port.loop.nowMs() >= this.#endMs;
    if (settled || over) this.#onEnd(outcome);
    else this.#ask();
  }

  #submit(
    operation: UdpOpenOperation | UdpSendOperation | UdpPeekOperation | UdpRecvOperation,
  ): void {
    operation.deadlineMs = this.#attemptEndMs;
    this.#port.submit(operation);
  }
}

function rankOf({ code }: DnsError): number {
  const rank = SAYS_LITTLE.indexOf(code);
  return rank < 0 ? SAYS_LITTLE.length : rank;
}

function from(error: DnsError, server: Endpoint): DnsError {
  const { code, offset, fault } = error;
  const text = `${formatEndpoint(server)}: ${error.message}`;
  return new DnsError(code, text, { server, fault, ...(offset === undefined ? {} : { offset }) });
}
