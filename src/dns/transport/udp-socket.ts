import type { Endpoint } from '../../core/endpoint.ts';
import type { Fault } from '../../core/fault.ts';
import type {
  CloseOperation,
  Operation,
  UdpOpenOperation,
  UdpPeekOperation,
  UdpRecvOperation,
} from '../../core/operation.ts';
import { NO_SOCKET } from '../../core/operation.ts';
import {
  closeOperation,
  udpOpenOperation,
  udpPeekOperation,
  udpRecvOperation,
} from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import type { Random } from '../../core/random.ts';
import type { Attempt, AttemptSocket } from './attempt.ts';
import type { DropCounters } from './drop-counters.ts';
import { IdTable } from './id-table.ts';
import type { LentViews } from './lent-views.ts';

/** Opening is local, but nothing waits for ever; in milliseconds. */
export const OPEN_MS_MAX: number = 5_000;
/** Numbers of queries that are over and that a socket still knows. */
export const LATE_IDS_MAX: number = 1_024;
const HEADER_BYTES = 12;

/** The system chooses the port: with the number, it is what a forger has to guess (RFC 5452). */
const ANY_PORT: Readonly<Record<'ipv4' | 'ipv6', Endpoint>> = {
  ipv4: { family: 'ipv4', address: '0.0.0.0', port: 0 },
  ipv6: { family: 'ipv6', address: '::', port: 0 },
};

/** What a socket asks of its pool. */
export interface SocketOwner {
  readonly port: ProactorPort;
  readonly random: Random;
  readonly drops: DropCounters;
  readonly views: LentViews;
  /** It never opened. Whoever waits for it belongs to the pool now. */
  openFailed(socket: UdpSocket, waiting: readonly Attempt[], fault: Fault | undefined): void;
  /** Nobody but the port itself has ended an operation: it is closed. */
  portClosed(): void;
  /** It takes no new query: its last operation failed. */
  broken(socket: UdpSocket): void;
  /** Nothing of it is left. */
  gone(socket: UdpSocket): void;
}

/**
 * One connected socket, and the queries that went out through it; then another, in its place.
 *
 *             query                          answers, and queries still out
 *   open ───► peek ──a datagram waits──► recv ◄──┐
 *              ▲                          │  └───┘
 *              └── no query is out ───────┘
 *
 * An idle socket waits with a peek. While answers are outstanding, the receive itself waits in its
 * place: it has no buffer, so that it lends nothing to the kernel either, and spares a peek per
 * datagram. The port completes at most 32 of them in one turn (its law 12), so that a flood leaves
 * the turn to others. Between two questions the receive stays: it is taken back when there was none
 * for a while (`settle`).
 */
export class UdpSocket implements AttemptSocket {
  openedMs = 0;
  /** Takes no new query, and closes with its last one. */
  retired = false;
  /** Queries that are out, and that ever were. */
  live = 0;
  used = 0;
  readonly #owner: SocketOwner;
  readonly #port: ProactorPort;
  readonly #open: UdpOpenOperation;
  readonly #peek: UdpPeekOperation;
  readonly #recv: UdpRecvOperation;
  readonly #close: CloseOperation;
  readonly #byId: IdTable = new IdTable();
  /** We have cancelled the receive: no query was out. */
  #withdrawn = false;
  #state: 'opening' | 'open' | 'closing' | 'gone' = 'opening';

  /** It does nothing until `open`. */
  constructor(owner: SocketOwner, remote: Endpoint) {
    this.#owner = owner;
    this.#port = owner.port;
    this.#open = udpOpenOperation(ANY_PORT[remote.family === 'ipv6' ? 'ipv6' : 'ipv4'], () =>
      this.#opened(),
    );
    this.#open.remote = remote;
    this.#peek = udpPeekOperation(NO_SOCKET, () => this.#peeked());
    this.#recv = udpRecvOperation(NO_SOCKET, () => this.#received());
    this.#close = closeOperation(NO_SOCKET, () => this.#gone());
  }

  /** Opens a new socket in it: the first, or after the last one is gone and all has ended. */
  open(nowMs: number): void {
    this.openedMs = nowMs;
    this.retired = false;
    this.live = 0;
    this.used = 0;
    this.#byId.clear();
    this.#withdrawn = false;
    this.#state = 'opening';
    this.#open.deadlineMs = nowMs + OPEN_MS_MAX;
    this.#port.submit(this.#open);
  }

  /** Can queries go out through it, though it may be retired? */
  get usable(): boolean {
    return this.#state === 'opening' || this.#state === 'open';
  }

  /**
   * Gives the query a number that is new on this socket, `wanted` if it is, and sends it as soon
   * as that is open. Both come from chance alone.
   */
  add(attempt: Attempt, wanted: number): void {
    const id = this.#byId.has(wanted) ? this.#freeId() : wanted;
    attempt.id = id;
    attempt.query[0] = id >>> 8;
    attempt.query[1] = id;
    attempt.socket = this;
    this.#byId.set(id, attempt);
    this.live += 1;
    this.used += 1;
    if (this.#state === 'open') this.#send(attempt);
  }

  leave(attempt: Attempt): void {
    if (this.#byId.size > LATE_IDS_MAX) this.#byId.delete(attempt.id);
    else this.#byId.set(attempt.id, null);
    this.live -= 1;
    if (this.live === 0) this.#rest();
  }

  /** Takes no new query, and closes as soon as none is out. */
  retire(): void {
    this.retired = true;
    if (this.live === 0) this.#rest();
  }

  /** Called once in a while: where no query is out, the peek waits again. */
  settle(): void {
    if (this.live > 0 || this.#state !== 'open' || this.#recv.status !== 'pending') return;
    this.#withdrawn = true;
    this.#port.cancel(this.#recv);
  }

  sent(attempt: Attempt): void {
    const { status, fault } = attempt.send;
    if (status === 'done' || this.#state !== 'open') return;
    if (status === 'icmp') {
      // The notice is about an earlier datagram; this one was not sent.
      this.#unreachable(fault, attempt);
      if (!attempt.sentAgain) {
        attempt.sentAgain = true;
        this.#send(attempt);
      } else attempt.owner?.unreachable(attempt, outcomeOf(fault));
      return;
    }
    this.#owner.broken(this);
    attempt.owner?.lost(attempt, outcomeOf(fault), fault?.class !== 'path');
  }

  #send(attempt: Attempt): void {
    const { send } = attempt;
    send.socket = this.#open.socket;
    this.#port.submit(send);
  }

  #opened(): void {
    const { status, socket, fault } = this.#open;
    if (status !== 'done') {
      this.#state = 'gone';
      if (status === 'cancelled' || fault?.code === 'closed') this.#owner.portClosed();
      this.#owner.openFailed(this, this.#byId.waiting(), fault);
      return;
    }
    this.#state = 'open';
    this.#peek.socket = socket;
    this.#recv.socket = socket;
    this.#close.socket = socket;
    for (const attempt of this.#byId.waiting()) this.#send(attempt);
    if (this.live === 0 && this.retired) this.#rest();
    else this.#port.submit(this.#peek);
  }

  #peeked(): void {
    if (this.#state !== 'open') return;
    const { status, fault } = this.#peek;
    if (status === 'done') this.#port.submit(this.#recv);
    else if (status === 'icmp') {
      this.#port.submit(this.#peek);
      this.#unreachable(fault);
    } else this.#break(this.#peek);
  }

  #received(): void {
    if (this.#state !== 'open') return;
    const { status, fault } = this.#recv;
    if (status === 'done') {
      try {
        this.#datagram();
      } finally {
        this.#wait();
      }
    } else if (status === 'icmp') {
      this.#wait();
      this.#unreachable(fault);
    } else if (status === 'cancelled' && this.#withdrawn) this.#wait();
    else this.#break(this.#recv);
  }

  #datagram(): void {
    const { data, offset, bytes, truncated } = this.#recv;
    const { drops, views } = this.#owner;
    if (bytes < HEADER_BYTES) {
      drops.short += 1;
      return;
    }
    const id = ((data[offset] as number) << 8) | (data[offset + 1] as number);
    const attempt = this.#byId.get(id);
    if (attempt === undefined) drops.id += 1;
    else if (attempt === null) drops.late += 1;
    else {
      attempt.owner?.replied(attempt, views.of(data, offset, bytes), truncated);
    }
  }

  /** For the next datagram. */
  #wait(): void {
    const withdrawn = this.#withdrawn && this.live === 0;
    this.#withdrawn = false;
    if (this.#state !== 'open') return;
    this.#port.submit(withdrawn ? this.#peek : this.#recv);
  }

  /** No query is out any more. */
  #rest(): void {
    if (this.#state !== 'open') return;
    if (this.retired) {
      this.#state = 'closing';
      this.#port.submit(this.#close);
    }
  }

  /** A notice concerns everything that went out through this port. */
  #unreachable(fault: Fault | undefined, except?: Attempt): void {
    for (const attempt of this.#byId.waiting()) {
      if (attempt === except || this.#byId.get(attempt.id) !== attempt) continue;
      attempt.owner?.unreachable(attempt, outcomeOf(fault));
    }
  }

  /** Nothing can be heard here any more. */
  #break(operation: Operation): void {
    const waiting = this.#byId.waiting();
    this.#state = 'closing';
    this.#port.submit(this.#close);
    if (operation.status === 'cancelled' || operation.fault?.code === 'closed') {
      this.#owner.portClosed();
      return;
    }
    this.#owner.broken(this);
    for (const attempt of waiting) {
      if (this.#byId.get(attempt.id) !== attempt) continue;
      attempt.owner?.lost(attempt, outcomeOf(operation.fault), true);
    }
  }

  #gone(): void {
    this.#state = 'gone';
    this.#owner.gone(this);
  }

  #freeId(): number {
    const { random } = this.#owner;
    for (;;) {
      const id = random.nextUint32() >>> 16;
      if (!this.#byId.has(id)) return id;
    }
  }
}

/** For people. */
export function outcomeOf(fault: Fault | undefined): string {
  return fault === undefined ? 'cancelled' : `${fault.code} (${fault.native.code})`;
}
