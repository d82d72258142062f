import type { Fault } from '../../../core/fault.ts';
import type { RecvOperation, SendOperation, SocketId } from '../../../core/operation.ts';
import {
  recvOperation,
  sendOperation,
  shutdownOperation,
  timerOperation,
} from '../../../core/operations.ts';
import type { ProactorPort } from '../../../core/proactor.ts';
import { Pace } from './pace.ts';

/** Who holds both directions together. */
export interface PacedSides {
  moved(): void;
  /** This direction's FIN is out. */
  ended(): void;
  failed(fault: Fault | undefined, socket: SocketId): void;
}

export type PacedWay = {
  readonly from: SocketId;
  readonly to: SocketId;
  readonly rate: number;
  readonly bufferBytes: number;
};

/**
 * One direction with a rate: a receive of as many bytes as may go now, then their send, in turns.
 *
 *   receive ──→ send ──→ (pause) ──→ receive        eof ──→ FIN ──→ ended
 */
export class PacedDirection {
  /** Received, without what was there before. */
  bytes = 0;
  isEnded = false;
  readonly #port: ProactorPort;
  readonly #sides: PacedSides;
  readonly #buffer: Uint8Array;
  readonly #pace: Pace;
  readonly #recv: RecvOperation;
  readonly #send: SendOperation;
  readonly #shutdown: ReturnType<typeof shutdownOperation>;
  readonly #timer = timerOperation(({ status }) => {
    if (status === 'done') this.#receive();
  });
  #pauseMs = 0;
  #stopped = false;

  constructor(port: ProactorPort, way: PacedWay, sides: PacedSides) {
    this.#port = port;
    this.#sides = sides;
    this.#buffer = new Uint8Array(Math.max(1, way.bufferBytes));
    this.#pace = new Pace(way.rate, port.loop.nowMs());
    this.#recv = recvOperation(way.from, () => this.#received());
    this.#send = sendOperation(way.to, () => this.#sent());
    this.#shutdown = shutdownOperation(way.to, () => this.#shut());
  }

  /** Does it wait for its rate alone? */
  get isWaiting(): boolean {
    return this.#timer.status === 'pending';
  }

  /** `preface` goes out before what is received, and is the direction's until then. */
  start(preface: Uint8Array | undefined): void {
    if (preface === undefined || preface.length === 0) this.#receive();
    else this.#forward(preface);
  }

  stop(): void {
    this.#stopped = true;
    this.#port.cancel(this.#timer);
  }

  #receive(): void {
    if (this.#stopped) return;
    const room = this.#pace.room(this.bytes, this.#port.loop.nowMs());
    if (room <= 0) {
      this.#wait(this.#pace.waitMs(room));
      return;
    }
    this.#recv.into = [this.#buffer.subarray(0, Math.min(room, this.#buffer.length))];
    this.#port.submit(this.#recv);
  }

  #wait(ms: number): void {
    this.#timer.atMs = this.#port.loop.nowMs() + ms;
    this.#port.submit(this.#timer);
  }

  #received(): void {
    const { status, bytes, fault } = this.#recv;
    if (this.#stopped) return;
    if (status === 'eof') this.#port.submit(this.#shutdown);
    else if (status !== 'done') this.#sides.failed(fault, this.#recv.socket);
    else {
      this.bytes += bytes;
      this.#sides.moved();
      this.#pauseMs = this.#pace.pauseMs(bytes);
      this.#forward(this.#buffer.subarray(0, bytes));
    }
  }

  #forward(data: Uint8Array): void {
    this.#send.pieces[0] = data;
    this.#send.count = 1;
    this.#port.submit(this.#send);
  }

  #sent(): void {
    const { status, fault } = this.#send;
    if (this.#stopped) return;
    if (status !== 'done') {
      this.#sides.failed(fault, this.#send.socket);
      return;
    }
    this.#sides.moved();
    if (this.#pauseMs > 0) this.#wait(this.#pauseMs);
    else this.#receive();
    this.#pauseMs = 0;
  }

  #shut(): void {
    if (this.#stopped) return;
    this.isEnded = true;
    this.#sides.ended();
  }
}
