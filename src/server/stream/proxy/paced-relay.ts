import type { Fault } from '../../../core/fault.ts';
import type { CloseOperation, SocketId, TimerOperation } from '../../../core/operation.ts';
import { closeOperation, timerOperation } from '../../../core/operations.ts';
import type { ProactorPort } from '../../../core/proactor.ts';
import type { RelayEnd, RelayWay } from '../../../net/relay.ts';
import { PacedDirection, type PacedSides } from './paced-direction.ts';

export type PacedRelayOptions = {
  /** Bytes per second; 0 is any number. */
  readonly rateAtoB: number;
  readonly rateBtoA: number;
  /** Of each direction's buffer. */
  readonly bufferBytes: number;
  readonly idleMs: number;
  readonly onEnd: () => void;
};

/** A `Relay` whose directions have a rate: bytes are received as fast as they may be sent on. */
export class PacedRelay implements PacedSides {
  halfCloses = true;
  lingerMs: number | undefined;
  onEnding: (() => void) | undefined;
  why: RelayEnd | undefined;
  firstEnded: RelayWay | undefined;
  firstMsBtoA = -1;
  /** The socket that has failed. */
  faultSocket: SocketId | undefined;
  readonly #port: ProactorPort;
  readonly #aToB: PacedDirection;
  readonly #bToA: PacedDirection;
  readonly #closeA: CloseOperation;
  readonly #closeB: CloseOperation;
  readonly #timer: TimerOperation;
  readonly #idleMs: number;
  readonly #onEnd: () => void;
  #movedMs: number;
  #open = 2;

  constructor(port: ProactorPort, a: SocketId, b: SocketId, options: PacedRelayOptions) {
    const { rateAtoB, rateBtoA, bufferBytes } = options;
    this.#port = port;
    this.#aToB = new PacedDirection(port, { from: a, to: b, rate: rateAtoB, bufferBytes }, this);
    this.#bToA = new PacedDirection(port, { from: b, to: a, rate: rateBtoA, bufferBytes }, this);
    this.#closeA = closeOperation(a, () => this.#closed());
    this.#closeB = closeOperation(b, () => this.#closed());
    this.#timer = timerOperation(() => this.#timeUp());
    this.#idleMs = options.idleMs;
    this.#onEnd = options.onEnd;
    this.#movedMs = port.loop.nowMs();
    this.#watch();
  }

  get bytesAtoB(): number {
    return this.#aToB.bytes;
  }

  get bytesBtoA(): number {
    return this.#bToA.bytes;
  }

  start(way: RelayWay, preface?: Uint8Array): void {
    if (this.why === undefined) (way === 'aToB' ? this.#aToB : this.#bToA).start(preface);
  }

  stop(): void {
    this.#end('stopped');
  }

  moved(): void {
    this.#movedMs = this.#port.loop.turnMs;
    if (this.firstMsBtoA < 0 && this.#bToA.bytes > 0) this.firstMsBtoA = this.#movedMs;
  }

  ended(): void {
    this.firstEnded ??= this.#aToB.isEnded ? 'aToB' : 'bToA';
    if (!this.halfCloses || (this.#aToB.isEnded && this.#bToA.isEnded)) this.#end('ended');
  }

  failed(fault: Fault | undefined, socket: SocketId): void {
    if (this.why === undefined) this.faultSocket = socket;
    this.#end(fault === undefined ? 'stopped' : 'failed');
  }

  #watch(): void {
    this.#timer.atMs = this.#movedMs + this.#idleMs;
    this.#port.submit(this.#timer);
  }

  /** Who waits because of a rate is not idle. */
  #timeUp(): void {
    if (this.why !== undefined || this.#timer.status !== 'done') return;
    if (this.#aToB.isWaiting || this.#bToA.isWaiting) this.#movedMs = this.#port.loop.turnMs;
    if (this.#movedMs + this.#idleMs > this.#timer.atMs) this.#watch();
    else this.#end('idle');
  }

  #end(why: RelayEnd): void {
    if (this.why !== undefined) return;
    this.why = why;
    this.onEnding?.();
    const how = why === 'ended' || why === 'idle' ? 'graceful' : 'reset';
    this.#closeA.how = how;
    this.#closeB.how = how;
    this.#closeA.lingerMs = this.lingerMs ?? this.#closeA.lingerMs;
    this.#closeB.lingerMs = this.lingerMs ?? this.#closeB.lingerMs;
    this.#port.cancel(this.#timer);
    this.#port.submit(this.#closeA);
    this.#port.submit(this.#closeB);
    this.#aToB.stop();
    this.#bToA.stop();
  }

  #closed(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#onEnd();
  }
}
