import type { BufferPool } from '../buffer-pool.ts';
import type { Flushable } from '../event-loop.ts';
import type { SocketId, SocketOperation } from '../operation.ts';
import type { ProactorPort } from '../proactor.ts';
import { beginWait, type Direction, type Watch } from '../reactor.ts';
import { Accepts } from './accepts.ts';
import type { Begun } from './begun.ts';
import { DatagramReads } from './datagram-reads.ts';
import { DatagramWrites } from './datagram-writes.ts';
import type { Side } from './side.ts';
import { StreamReads } from './stream-reads.ts';
import { StreamWrites } from './stream-writes.ts';

/** What the sockets of one bridge share. */
export type BridgeContext = {
  readonly port: ProactorPort;
  /** Chunks as large as a lent view, for what was received and not taken: apart from the others,
   * so that a view that is lent once more is not written over by a send. */
  readonly spills: BufferPool;
  readonly copies: BufferPool;
};

/** What a reactor's bridge knows of one socket: its two sides, its watches, its end. */
export class BridgedSocket implements Flushable {
  readonly socket: SocketId;
  flushAsked = false;
  /** Set while the socket is being opened or closed: both directions wait for that alone. */
  own: Begun | undefined;
  readonly #context: BridgeContext;
  readonly #watches: Watch[] = [];
  readonly #tell = (): void => this.tell();
  #reads: Side | undefined;
  #writes: Side | undefined;

  constructor(context: BridgeContext, socket: SocketId) {
    this.#context = context;
    this.socket = socket;
  }

  /** The receiving side is made by the first operation that needs it: its kind says which. */
  readsFor(kind: SocketOperation['kind']): Side {
    if (this.#reads !== undefined) return this.#reads;
    const { port, spills } = this.#context;
    if (kind === 'accept' || kind === 'listen') {
      this.#reads = new Accepts(port, this.socket, this.#tell);
    } else if (kind === 'udpRecv' || kind === 'udpPeek' || kind === 'udpOpen') {
      this.#reads = new DatagramReads(port, this.socket, spills, this.#tell);
    } else {
      this.#reads = new StreamReads(port, this.socket, spills, this.#tell);
    }
    return this.#reads;
  }

  writesFor(kind: SocketOperation['kind']): Side {
    if (this.#writes !== undefined) return this.#writes;
    const { port, spills, copies } = this.#context;
    if (kind === 'udpSend' || kind === 'udpOpen') {
      this.#writes = new DatagramWrites(port, this.socket, spills, this.#tell);
    } else {
      this.#writes = new StreamWrites(port, this.socket, copies, this.#tell);
      this.#spreadFault();
    }
    return this.#writes;
  }

  /** Bytes that were sent and that the proactor does not have yet. */
  get unsentBytes(): number {
    return this.#writes instanceof StreamWrites ? this.#writes.queuedBytes : 0;
  }

  wait(watch: Watch): void {
    beginWait(watch);
    this.#watches.push(watch);
    if (this.own === undefined) this.#side(watch.direction).arm();
    if (this.#ready(watch.direction)) this.#context.port.loop.flushAtTurnEnd(this);
  }

  unwait(watch: Watch): void {
    const index = this.#watches.indexOf(watch);
    if (index >= 0) this.#watches.splice(index, 1);
    watch.waiting = false;
  }

  flush(): void {
    this.tell();
  }

  /** Reports to the watches whose attempt is worth making now, each once. */
  tell(): void {
    this.own?.proceed();
    this.#spreadFault();
    try {
      for (let left = this.#watches.length; left > 0; left -= 1) {
        const watch = this.#watches.shift();
        if (watch === undefined) break;
        if (this.#ready(watch.direction)) {
          watch.waiting = false;
          watch.onReady(watch);
        } else {
          this.#watches.push(watch);
        }
      }
    } finally {
      // A callback that threw, or one that waits again without an attempt: told later.
      if (this.#watches.length > 0 && this.#someReady()) {
        this.#context.port.loop.flushAtTurnEnd(this);
      }
    }
  }

  discardReads(): void {
    this.#reads?.discard();
  }

  discardWrites(): void {
    this.#writes?.discard();
  }

  /** A reset that the receiving side was told about is the end of the sending side too. */
  #spreadFault(): void {
    if (!(this.#reads instanceof StreamReads) || this.#reads.fault === undefined) return;
    if (this.#writes instanceof StreamWrites) this.#writes.fail(this.#reads.fault);
  }

  #someReady(): boolean {
    for (const { direction } of this.#watches) if (this.#ready(direction)) return true;
    return false;
  }

  #ready(direction: Direction): boolean {
    if (this.own !== undefined) return this.own.ended;
    return this.#side(direction).ready;
  }

  #side(direction: Direction): Side {
    return direction === 'read' ? this.readsFor('recv') : this.writesFor('send');
  }
}
