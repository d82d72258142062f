import type { BufferPool } from '../core/buffer-pool.ts';
import { type Fault, ownFault } from '../core/fault.ts';
import type {
  RecvOperation,
  SendOperation,
  ShutdownOperation,
  SocketId,
} from '../core/operation.ts';
import { recvOperation, shutdownOperation } from '../core/operations.ts';
import { Outbox, type OutboxOwner } from '../core/outbox/outbox.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import type { ProactorPort } from '../core/proactor.ts';

/** Who holds both directions of a relay together. */
export interface RelaySides {
  /** Bytes came, or left. */
  relayMoved(): void;
  /** This direction's FIN is out. */
  relayEnded(): void;
  /** A socket failed; without a fault somebody else has closed it. */
  relayFailed(fault: Fault | undefined): void;
}

/**
 * One direction of a relay. At most one receive is posted, and none while the outbox is above
 * its high mark, so it holds the high mark plus one receive at most.
 *
 *   idle ──start──→ open ──eof──→ draining ──drained──→ ending ──FIN sent──→ ended
 *                     └────────── stop ──────────┴──→ stopped
 */
export class RelayDirection implements OutboxOwner {
  /** Received from the one side, and queued for the other. */
  bytes = 0;
  #state: 'idle' | 'open' | 'draining' | 'ending' | 'ended' | 'stopped' = 'idle';
  readonly #port: ProactorPort;
  readonly #sides: RelaySides;
  readonly #recv: RecvOperation;
  readonly #shutdown: ShutdownOperation;
  readonly #outbox: Outbox;

  constructor(
    port: ProactorPort,
    pool: BufferPool,
    from: SocketId,
    to: SocketId,
    sides: RelaySides,
  ) {
    this.#port = port;
    this.#sides = sides;
    this.#recv = recvOperation(from, () => this.#received());
    this.#shutdown = shutdownOperation(to, () => this.#shut());
    this.#outbox = new Outbox(port, pool, this, to);
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  /** Begins to receive. `preface` is copied and goes out before what is received. */
  start(preface: Uint8Array | undefined): void {
    if (this.#state !== 'idle') return;
    this.#state = 'open';
    if (preface !== undefined && !this.#outbox.appendCopy(preface, 0, preface.length)) {
      this.#sides.relayFailed(ownFault('messageTooLarge', 'relay'));
      return;
    }
    this.#receive();
  }

  /** Gives up what is queued. The sockets are the relay's to close. */
  stop(): void {
    if (this.#state !== 'ended') this.#state = 'stopped';
    if (this.#outbox.queuedBytes > 0) this.#outbox.discard();
  }

  outboxLevel(level: Level): void {
    this.#sides.relayMoved();
    if (level === 'open') this.#receive();
  }

  outboxDrained(): void {
    this.#sides.relayMoved();
    if (this.#state === 'draining') this.#end();
  }

  outboxBroken(send: SendOperation): void {
    if (this.#state !== 'stopped') this.#sides.relayFailed(send.fault);
  }

  #receive(): void {
    if (this.#state !== 'open' || this.#recv.status === 'pending') return;
    if (this.#outbox.level === 'open') this.#port.submit(this.#recv);
  }

  #received(): void {
    const recv = this.#recv;
    if (this.#state !== 'open') return;
    switch (recv.status) {
      case 'done':
        this.#sides.relayMoved();
        if (this.#forward(recv)) this.#receive();
        else this.#sides.relayFailed(ownFault('noBuffers', 'relay'));
        return;
      case 'eof':
        this.#state = 'draining';
        if (this.#outbox.queuedBytes === 0) this.#end();
        return;
      default:
        this.#sides.relayFailed(recv.fault);
    }
  }

  /** The view is lent until this returns. */
  #forward(recv: RecvOperation): boolean {
    const { data, offset, bytes } = recv;
    this.bytes += bytes;
    if (recv.owned) return this.#outbox.append(data.subarray(offset, offset + bytes));
    return this.#outbox.appendCopy(data, offset, offset + bytes);
  }

  #end(): void {
    this.#state = 'ending';
    this.#port.submit(this.#shutdown);
  }

  #shut(): void {
    if (this.#state !== 'ending') return;
    if (this.#shutdown.status !== 'done') {
      this.#sides.relayFailed(this.#shutdown.fault);
      return;
    }
    this.#state = 'ended';
    this.#sides.relayEnded();
  }
}
