import { Buffer } from 'node:buffer';
import { NO_SOCKET, type UdpSendOperation } from '../../core/operation.ts';
import { udpSendOperation } from '../../core/operations.ts';
import type { AttemptRecord } from '../dns-error.ts';
import { QUERY_BYTES_MAX, type QueryOptions, writeQuery } from '../wire/query.ts';
import type { Question } from './exchange.ts';
import type { Server } from './server.ts';
import { type TcpAsker, type TcpFailure, TcpPlace } from './tcp-connection.ts';

/** Whoever makes attempts, and is told what becomes of them. */
export interface AttemptOwner {
  /** A message with the number of the query, lent until this returns. `true`: it is over. */
  replied(attempt: Attempt, message: Uint8Array, cut: boolean): boolean;
  /** The network says that nobody is there. An answer may still come. */
  unreachable(attempt: Attempt, code: string): void;
  /** It could not be sent, or its connection failed. */
  lost(attempt: Attempt, outcome: string, local: boolean): void;
}

/** Where an attempt over UDP stands. */
export interface AttemptSocket {
  leave(attempt: Attempt): void;
  sent(attempt: Attempt): void;
}

/** Attempts that are kept to be used again. */
const FREE_MAX = 1_024;

/** One question to one server, once. Used again and again, with its buffer and its send. */
export class Attempt implements TcpAsker {
  readonly send: UdpSendOperation;
  readonly tcp: TcpPlace = new TcpPlace();
  /** The message as it goes out: a view of the attempt's own buffer. */
  query: Uint8Array;
  /** `undefined`: it is over. */
  owner: AttemptOwner | undefined;
  server: Server | undefined;
  transport: 'udp' | 'tcp' = 'udp';
  socket: AttemptSocket | undefined;
  /** Its number on its socket. */
  id = 0;
  /** On the port's clock: when it was made, when its silence means something, when it is given up. */
  sentMs = 0;
  timeoutMs = 0;
  deadlineMs = 0;
  exactCase = false;
  hadOpt = false;
  /** Goes without OPT only to learn whether that was the trouble. */
  triesPlain = false;
  /** It has caused the next attempt already. */
  hurried = false;
  /** An ICMP notice made its first send void. */
  sentAgain = false;
  /** What is known while it is open; `undefined`: silence. */
  outcome: string | undefined;
  /** The next open attempt of the same owner. */
  nextOpen: Attempt | undefined;
  readonly #buffer: Uint8Array = plainBytes(QUERY_BYTES_MAX);
  readonly #pool: AttemptPool;

  constructor(pool: AttemptPool) {
    this.#pool = pool;
    this.query = this.#buffer;
    this.send = udpSendOperation(NO_SOCKET, () => this.#sent());
    this.send.relaxed = true;
  }

  write(question: Question, options: QueryOptions): void {
    const bytes = writeQuery(this.#buffer, question, options);
    if (bytes !== this.query.length) this.query = this.#buffer.subarray(0, bytes);
    this.send.data = this.query;
  }

  /** Nothing came in time. Unless it is known already why, the server is to blame. */
  timedOut(nowMs: number): void {
    const { server, outcome, sentMs } = this;
    if (outcome !== undefined || server === undefined) return;
    server.timeouts += 1;
    server.health.failed(sentMs, nowMs);
  }

  /** A caller in a hurry leaves: silence that was long for any server is the server's all the same. */
  givenUp(nowMs: number, longMs: number): void {
    const { server, outcome, sentMs } = this;
    if (outcome === undefined && nowMs - sentMs >= longMs) server?.health.failed(sentMs, nowMs);
  }

  /** For people: what came of it by `nowMs`. */
  record(outcome: string, nowMs: number): AttemptRecord {
    const { server, transport, sentMs } = this;
    return { server: server?.text ?? '', transport, ms: nowMs - sentMs, outcome };
  }

  /** It is over; it may be another one as soon as the port has done with its bytes. */
  release(): void {
    const { server } = this;
    if (server !== undefined) {
      server.inFlight -= 1;
      if (this.transport === 'tcp') server.tcp.leave(this);
    }
    this.socket?.leave(this);
    this.owner = undefined;
    this.server = undefined;
    this.socket = undefined;
    this.nextOpen = undefined;
    if (this.send.status !== 'pending') this.#pool.give(this);
  }

  tcpReply(message: Uint8Array): boolean {
    return this.owner?.replied(this, message, false) ?? true;
  }

  tcpFailed({ code, fault }: TcpFailure): void {
    const why = fault === undefined ? code : `${code} (${fault.native.code})`;
    this.owner?.lost(this, why, fault?.class === 'exhausted');
  }

  #sent(): void {
    if (this.owner === undefined) this.#pool.give(this);
    else this.socket?.sent(this);
  }
}

/** The list that begins with `head`, without `attempt`. */
export function without(attempt: Attempt, head: Attempt | undefined): Attempt | undefined {
  if (head === attempt) return attempt.nextOpen;
  for (let one = head; one !== undefined; one = one.nextOpen) {
    if (one.nextOpen === attempt) one.nextOpen = attempt.nextOpen;
  }
  return head;
}

/** Attempts that are over, to be used again. */
export class AttemptPool {
  readonly #free: Attempt[] = [];

  take(): Attempt {
    const attempt = this.#free.pop();
    if (attempt === undefined) return new Attempt(this);
    attempt.socket = undefined;
    attempt.triesPlain = false;
    attempt.hurried = false;
    attempt.sentAgain = false;
    attempt.outcome = undefined;
    return attempt;
  }

  /** For attempts that are over. */
  give(attempt: Attempt): void {
    if (this.#free.length < FREE_MAX) this.#free.push(attempt);
  }
}

/**
 * Bytes outside of V8's heap, where an adapter finds them without moving them first; but no
 * `Buffer`, whose `fill` and `subarray` take several times as long.
 */
function plainBytes(length: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafe(length);
  return new Uint8Array(buffer, byteOffset, length);
}
