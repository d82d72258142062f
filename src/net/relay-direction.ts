import { type BufferPool, SCRATCH_BYTES } from '../core/buffer-pool.ts';
import { type Fault, ownFault } from '../core/fault.ts';
import type {
  RecvOperation,
  SendOperation,
  ShutdownOperation,
  SocketId,
  SpliceOperation,
} from '../core/operation.ts';
import { recvOperation, shutdownOperation, spliceOperation } from '../core/operations.ts';
import { Outbox, type OutboxOwner } from '../core/outbox/outbox.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { bulkPoolOf } from './pool-of.ts';

/** Who holds both directions of a relay together. */
export interface RelaySides {
  /** Bytes came, or left. */
  relayMoved(): void;
  /** This direction's FIN is out. */
  relayEnded(): void;
  /** A socket failed, `socket` where it is known; without a fault somebody else has closed it. */
  relayFailed(fault: Fault | undefined, socket?: SocketId): void;
}

/** Of a splice that moves fewer bytes than this, its two calls cost more than a copy. */
const SPLICE_BYTES_MIN = 16 * 1024;
/** Fewer bytes than this are cheaper to copy than to keep a whole chunk for. */
const COPY_BYTES_MAX = 16 * 1024;

/**
 * One direction of a relay. At most one receive is posted, and none while the outbox is above
 * its high mark, so it holds the high mark plus one receive at most: `BULK_BYTES`. Once a receive
 * has filled the scratch buffer, and until there are few bytes again, the kernel moves them where it
 * can, behind what was copied; a splice holds `SPLICE_BYTES_MAX` at most. Where it cannot, they are
 * received into chunks that are sent from where they are.
 *
 *   idle ──start──→ open ──eof──→ draining ──drained──→ ending ──FIN sent──→ ended
 *                     └────────── stop ──────────┴──→ stopped
 */
export class RelayDirection implements OutboxOwner {
  #bytes = 0;
  /** There is much to move: the last receive was full, or the last splice not small. */
  #bulk = false;
  #state: 'idle' | 'open' | 'draining' | 'ending' | 'ended' | 'stopped' = 'idle';
  readonly #port: ProactorPort;
  readonly #sides: RelaySides;
  readonly #recv: RecvOperation;
  /** Made with the first bulk: most connections have none. */
  #splice: SpliceOperation | undefined;
  #seenBytes = 0;
  readonly #shutdown: ShutdownOperation;
  readonly #outbox: Outbox;
  readonly #splices: boolean;

  constructor(
    port: ProactorPort,
    pool: BufferPool,
    from: SocketId,
    to: SocketId,
    sides: RelaySides,
  ) {
    this.#port = port;
    this.#splices = port.capabilities.splice === 'kernel';
    this.#sides = sides;
    this.#recv = recvOperation(from, () => this.#received());
    this.#shutdown = shutdownOperation(to, () => this.#shut());
    this.#outbox = new Outbox(port, pool, this, to);
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Received from the one side, and queued for the other, or already with its kernel. */
  get bytes(): number {
    return this.#bytes + (this.#splice?.status === 'pending' ? this.#splice.bytes : 0);
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes + (this.#splice?.held ?? 0);
  }

  /** Has a splice that is still under way moved bytes since the last look? */
  movesOn(): boolean {
    const splice = this.#splice;
    if (splice?.status !== 'pending' || splice.bytes === this.#seenBytes) return false;
    this.#seenBytes = splice.bytes;
    return true;
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
    else if (this.#bulk && this.#splices) this.#receive();
  }

  outboxBroken(send: SendOperation): void {
    if (this.#state !== 'stopped') this.#sides.relayFailed(send.fault, send.socket);
  }

  #receive(): void {
    if (this.#state !== 'open' || this.#recv.status === 'pending') return;
    if (this.#bulk && this.#splices) this.#move();
    else if (this.#outbox.level === 'open') {
      this.#recv.pool = this.#bulk ? bulkPoolOf(this.#port) : undefined;
      this.#port.submit(this.#recv);
    }
  }

  /** Behind what was copied: the outbox must be empty. */
  #move(): void {
    if (this.#outbox.queuedBytes > 0 || this.#splice?.status === 'pending') return;
    const { socket: from } = this.#recv;
    this.#splice ??= spliceOperation(from, this.#shutdown.socket, () => this.#moved());
    this.#splice.bytes = 0;
    this.#seenBytes = 0;
    this.#port.submit(this.#splice);
  }

  #moved(): void {
    const splice = this.#splice as SpliceOperation;
    this.#bytes += splice.bytes;
    if (this.#state !== 'open') return;
    switch (splice.status) {
      case 'done':
        this.#sides.relayMoved();
        this.#bulk = splice.bytes >= SPLICE_BYTES_MIN;
        this.#receive();
        return;
      case 'eof':
        this.#state = 'draining';
        this.#end();
        return;
      case 'refused':
        this.#bulk = false;
        this.#receive();
        return;
      default:
        // Without a side, neither has failed, and descriptors are out: it can still be copied.
        this.#bulk = false;
        if (splice.status === 'failed' && splice.faultSide === undefined) this.#receive();
        else {
          const { fault, faultSide, socket, to } = splice;
          this.#sides.relayFailed(fault, faultSide === 'to' ? to : socket);
        }
    }
  }

  #received(): void {
    const recv = this.#recv;
    if (this.#state !== 'open') {
      this.#giveBack();
      return;
    }
    switch (recv.status) {
      case 'done':
        this.#sides.relayMoved();
        this.#bulk = recv.bytes >= SCRATCH_BYTES;
        if (this.#forward(recv)) this.#receive();
        else this.#sides.relayFailed(ownFault('noBuffers', 'relay'));
        return;
      case 'eof':
        this.#state = 'draining';
        if (this.#outbox.queuedBytes === 0) this.#end();
        return;
      default:
        this.#giveBack();
        this.#sides.relayFailed(recv.fault, recv.socket);
    }
  }

  #giveBack(): void {
    const { chunk, pool } = this.#recv;
    if (chunk !== undefined) pool?.give(chunk);
    this.#recv.chunk = undefined;
  }

  /** The view is lent until this returns; a chunk of ours goes on as it is, if it holds enough. */
  #forward(recv: RecvOperation): boolean {
    const { data, offset, bytes, chunk, pool } = recv;
    this.#bytes += bytes;
    if (chunk !== undefined && pool !== undefined) {
      recv.chunk = undefined;
      const end = offset + bytes;
      if (bytes >= COPY_BYTES_MAX) return this.#outbox.appendChunk(pool, chunk, offset, end);
      const taken = this.#outbox.appendCopy(chunk, offset, end);
      pool.give(chunk);
      return taken;
    }
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
      this.#sides.relayFailed(this.#shutdown.fault, this.#shutdown.socket);
      return;
    }
    this.#state = 'ended';
    this.#sides.relayEnded();
  }
}
