import type { Endpoint } from '../../core/endpoint.ts';
import type { Fault } from '../../core/fault.ts';
import {
  type CloseOperation,
  type ConnectOperation,
  NO_SOCKET,
  type Operation,
  type RecvOperation,
  type SendOperation,
  type TimerOperation,
} from '../../core/operation.ts';
import {
  closeOperation,
  connectOperation,
  recvOperation,
  timerOperation,
} from '../../core/operations.ts';
import { Outbox, type OutboxOwner } from '../../core/outbox/outbox.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import type { Random } from '../../core/random.ts';
import { poolOf } from '../../net/pool-of.ts';
import type { TcpAsker, TcpFailureCode, TcpHolder } from './tcp-asker.ts';
import { type FrameOwner, FrameReader } from './tcp-frames.ts';
import { TcpWaiting } from './tcp-waiting.ts';

/** The longest that a connect may take, in milliseconds: a server that is back is found in time. */
export const TCP_CONNECT_MS_MAX: number = 5_000;
/** How long a connection without queries stays open, in milliseconds. */
export const TCP_IDLE_MS: number = 10_000;
/** A server that has said nothing for this long, and let a query expire, is asked anew. */
export const TCP_SILENCE_MS: number = 1_000;
/** Messages in a row that answer nothing; one more ends the connection. */
export const TCP_STRAYS_MAX: number = 1_024;
const LINGER_MS = 1_000;
const HEADER_BYTES = 12;

/** What a connection stands on. */
export type TcpSettings = {
  readonly port: ProactorPort;
  readonly server: Endpoint;
  /** Gives the numbers of the queries. */
  readonly random: Random;
  /** Something came that no query was waiting for: to be counted. */
  readonly onStray?: (reason: TcpStray) => void;
};

/** `short`: no whole header. `late`: of a query that is over, or of none. */
export type TcpStray = 'short' | 'late';

export interface TcpLinkOwner {
  /** The server ended a connection that had been of use. `false`: no second try. */
  linkLost(asker: TcpAsker): boolean;
  /** Nothing of the link is left. Runs before its askers are told. */
  linkGone(link: TcpLink): void;
}

/**
 * One connection, from its connect to its close, and the queries on it.
 *
 *   connecting ──► open ──► ended: the socket is closed, and after that whoever waits is told
 *        └───────────────────▲
 */
export class TcpLink implements FrameOwner, OutboxOwner, TcpHolder {
  readonly #settings: TcpSettings;
  readonly #owner: TcpLinkOwner;
  readonly #connect: ConnectOperation;
  readonly #recv: RecvOperation;
  readonly #close: CloseOperation;
  /** One for all: the first deadline of a query, or the end of idleness. */
  readonly #timer: TimerOperation;
  readonly #outbox: Outbox;
  readonly #frames: FrameReader;
  readonly #asked: TcpWaiting;
  #state: 'connecting' | 'open' | 'ended' = 'connecting';
  /** Of some use until now: it has answered. */
  #worked = false;
  #strays = 0;
  /** The last message, or the connect, and the last query's end. */
  #heardMs: number;
  #usedMs: number;
  #silent = false;
  #code: TcpFailureCode = 'cancelled';
  #fault: Fault | undefined;

  constructor(settings: TcpSettings, owner: TcpLinkOwner) {
    const { port, server } = settings;
    this.#settings = settings;
    this.#owner = owner;
    this.#asked = new TcpWaiting(settings.random);
    this.#connect = connectOperation(server, () => this.#connected());
    this.#recv = recvOperation(NO_SOCKET, TcpLink.#onReceived, this);
    this.#close = closeOperation(NO_SOCKET, () => this.#gone());
    this.#timer = timerOperation(() => this.#onTime());
    this.#outbox = new Outbox(port, poolOf(port), this);
    this.#outbox.sendTimeoutMs = TCP_CONNECT_MS_MAX;
    this.#frames = new FrameReader(this);
    this.#heardMs = port.loop.nowMs();
    this.#usedMs = this.#heardMs;
    this.#connect.deadlineMs = this.#heardMs + TCP_CONNECT_MS_MAX;
    port.submit(this.#connect);
  }

  static #onReceived(recv: RecvOperation): void {
    (recv.owner as TcpLink).#received();
  }

  /** Is it worth asking here? */
  get usable(): boolean {
    return this.#state !== 'ended' && !this.#silent && !this.#outbox.broken;
  }

  get waiting(): number {
    return this.#asked.size;
  }

  ask(asker: TcpAsker): void {
    const { tcp, deadlineMs } = asker;
    tcp.holder = this;
    tcp.asks += 1;
    tcp.askedMs = this.#settings.port.loop.nowMs();
    tcp.reused = this.#state === 'open';
    this.#asked.add(asker);
    if (this.#state === 'open') this.#asked.send(this.#outbox);
    this.#wakeAt(deadlineMs);
  }

  leave(asker: TcpAsker): void {
    this.#remove(asker);
    this.#rest();
  }

  /** Whoever waits is told once the socket is gone. `false`: that is on its way already. */
  end(code: TcpFailureCode, fault?: Fault): boolean {
    const state = this.#state;
    if (state === 'ended') return false;
    const { port } = this.#settings;
    this.#state = 'ended';
    this.#code = code;
    this.#fault = fault;
    this.#frames.stop();
    port.cancel(this.#timer);
    if (state === 'connecting') port.cancel(this.#connect);
    else this.#closeSocket();
    return true;
  }

  frame(data: Uint8Array, start: number, end: number): void {
    this.#heardMs = this.#settings.port.loop.turnMs;
    if (end - start < HEADER_BYTES) {
      this.#stray('short');
      return;
    }
    const id = ((data[start] as number) << 8) | (data[start + 1] as number);
    const asker = this.#asked.get(id);
    if (asker === undefined) {
      this.#stray('late');
      return;
    }
    const { tcp } = asker;
    const { asks } = tcp;
    if (!asker.tcpReply(data.subarray(start, end))) {
      this.#stray();
      return;
    }
    this.#strays = 0;
    this.#worked = true;
    // It may have left, or be asking something else by now.
    if (tcp.holder === this && tcp.asks === asks) this.leave(asker);
  }

  outboxLevel(): void {}

  outboxDrained(): void {
    if (this.#state === 'open') this.#asked.send(this.#outbox);
  }

  /** What the server has sent before it stopped reading is still received, and then the end. */
  outboxBroken(send: SendOperation): void {
    if (send.status !== 'failed') this.end(...failureOf(send));
  }

  #connected(): void {
    const { status, socket } = this.#connect;
    if (status !== 'done') {
      if (this.#state !== 'ended') this.end(...failureOf(this.#connect));
      this.#gone();
      return;
    }
    this.#recv.socket = socket;
    this.#close.socket = socket;
    this.#outbox.socket = socket;
    if (this.#state === 'ended') {
      this.#closeSocket();
      return;
    }
    this.#state = 'open';
    this.#heardMs = this.#settings.port.loop.turnMs;
    this.#settings.port.submit(this.#recv);
    this.#asked.send(this.#outbox);
  }

  #received(): void {
    const { status, data, offset, bytes } = this.#recv;
    if (this.#state === 'ended') return;
    if (status === 'done') {
      this.#frames.take(data, offset, offset + bytes);
      // A callback may have ended it.
      if ((this.#state as string) !== 'ended') this.#settings.port.submit(this.#recv);
    } else if (status === 'eof') this.end('closed');
    else this.end(...failureOf(this.#recv));
  }

  #stray(reason?: TcpStray): void {
    if (reason !== undefined) this.#settings.onStray?.(reason);
    this.#strays += 1;
    if (this.#strays > TCP_STRAYS_MAX) this.end('limit');
  }

  #remove(asker: TcpAsker): void {
    asker.tcp.holder = undefined;
    this.#asked.remove(asker);
  }

  /** Without queries, the time of idleness begins; a connect is not worth going on with. */
  #rest(): void {
    if (this.#asked.size > 0 || this.#state === 'ended') return;
    this.#usedMs = this.#settings.port.loop.nowMs();
    if (this.#state === 'connecting' || !this.usable) this.end('cancelled');
    else this.#wakeAt(this.#usedMs + TCP_IDLE_MS);
  }

  #wakeAt(atMs: number): void {
    const { port } = this.#settings;
    const timer = this.#timer;
    if (timer.status !== 'pending') {
      timer.atMs = atMs;
      port.submit(timer);
    } else if (atMs < timer.atMs) port.cancel(timer); // It is set anew when it has ended.
  }

  #onTime(): void {
    if (this.#state === 'ended') return;
    const nowMs = this.#settings.port.loop.nowMs();
    this.#expire(nowMs);
    if ((this.#state as string) === 'ended') return;
    if (this.#asked.size > 0) this.#wakeAt(this.#asked.nextDeadlineMs);
    else if (nowMs >= this.#usedMs + TCP_IDLE_MS) this.end('closed');
    else this.#wakeAt(this.#usedMs + TCP_IDLE_MS);
  }

  /** Those that a callback asks anew are looked at when the timer ends the next time. */
  #expire(nowMs: number): void {
    let left = this.#asked.size;
    if (left === 0) return;
    for (const asker of this.#asked.values()) {
      if (left === 0) break;
      left -= 1;
      if (asker.deadlineMs > nowMs) continue;
      const { askedMs, reused } = asker.tcp;
      const silentMs = nowMs - Math.max(askedMs, this.#heardMs);
      if (this.#state === 'open' && silentMs >= TCP_SILENCE_MS) this.#silent = true;
      this.#remove(asker);
      asker.tcpFailed({ code: 'timeout', fault: undefined, reused });
    }
    this.#rest();
  }

  #closeSocket(): void {
    this.#close.how = this.#asked.size === 0 ? 'graceful' : 'reset';
    this.#close.lingerMs = LINGER_MS;
    this.#settings.port.submit(this.#close);
    // Not before: an adapter may cancel a send by ending the connection, and knows now how.
    this.#outbox.discard();
    this.#outbox.forgetDeadline();
  }

  /** Every operation is over. */
  #gone(): void {
    this.#owner.linkGone(this);
    const lost = this.#code === 'closed' || this.#code === 'reset';
    for (const asker of this.#asked.values()) {
      const { tcp } = asker;
      const reused = tcp.reused || this.#worked;
      this.#remove(asker);
      if (lost && reused && !tcp.again && this.#owner.linkLost(asker)) continue;
      asker.tcpFailed({ code: this.#code, fault: this.#fault, reused });
    }
  }
}

function failureOf({ status, fault }: Operation): [TcpFailureCode, Fault | undefined] {
  if (status === 'expired') return ['timeout', fault];
  if (status === 'cancelled' || fault?.code === 'closed') return ['cancelled', fault];
  if (fault?.code === 'refused') return ['refused', fault];
  if (fault?.code === 'reset' || fault?.code === 'brokenPipe') return ['reset', fault];
  return ['failed', fault];
}
