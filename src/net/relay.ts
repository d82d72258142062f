import type { BufferPool } from '../core/buffer-pool.ts';
import type { Fault } from '../core/fault.ts';
import { InvariantError } from '../core/invariant-error.ts';
import type { CloseOperation, SocketId, TimerOperation } from '../core/operation.ts';
import { closeOperation, timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { joined } from './bytes.ts';
import { poolOf } from './pool-of.ts';
import { RelayDirection, type RelaySides } from './relay-direction.ts';
import type { Stream } from './stream.ts';

/**
 * Why a relay ended. `ended`: both sides did, all bytes were delivered. `idle`: no byte moved in
 * either direction for too long. `failed`: `fault` says how. `stopped`: by its owner, or by
 * somebody who closed a socket.
 */
export type RelayEnd = 'ended' | 'idle' | 'failed' | 'stopped';

/** Which way. */
export type RelayWay = 'aToB' | 'bToA';

/**
 * Two connected sockets of one port joined: what the one receives, the other sends. When one
 * side ends, what is queued for the other is delivered and then its FIN is sent. When a socket
 * fails, both are reset at once. At the end both sockets are closed, and `onEnd` runs once.
 * It works by operations alone: it allocates when it is made, and not per chunk.
 */
export class Relay implements RelaySides {
  /** Set when the relay has begun to end. */
  why: RelayEnd | undefined;
  fault: Fault | undefined;
  /** The socket whose fault it was, where it was one's. */
  faultSocket: SocketId | undefined;
  /**
   * What ends one side: its FIN alone, and the other side goes on (RFC 9293 §3.6). `false`: the other
   * side ends with it, as soon as that has everything which was sent to it. Set before `start`.
   */
  halfCloses = true;
  /** How long what still comes is read and dropped at a clean end; `undefined`: the operation's own. */
  lingerMs: number | undefined;
  /** Told when the relay has begun to end: `why` is set, and the sockets are still to be closed. */
  onEnding: ((relay: Relay) => void) | undefined;
  /** The way whose FIN was sent first. */
  firstEnded: RelayWay | undefined;
  /** When the first bytes of b were seen; -1: there were none yet. */
  firstMsBtoA = -1;
  readonly #port: ProactorPort;
  readonly #aToB: RelayDirection;
  readonly #bToA: RelayDirection;
  readonly #closeA: CloseOperation;
  readonly #closeB: CloseOperation;
  readonly #timer: TimerOperation;
  readonly #idleMs: number;
  readonly #onEnd: (relay: Relay) => void;
  #movedMs: number;
  /** Operations that must still complete before the relay has ended. */
  #left = 2;

  /** `idleMs`: how long both directions may be silent together; 0 is for ever. */
  constructor(
    port: ProactorPort,
    pool: BufferPool,
    a: SocketId,
    b: SocketId,
    idleMs: number,
    onEnd: (relay: Relay) => void,
  ) {
    this.#port = port;
    this.#aToB = new RelayDirection(port, pool, a, b, this);
    this.#bToA = new RelayDirection(port, pool, b, a, this);
    this.#closeA = closeOperation(a, () => this.#completed());
    this.#closeB = closeOperation(b, () => this.#completed());
    this.#timer = timerOperation(() => this.#timeUp());
    this.#idleMs = idleMs;
    this.#onEnd = onEnd;
    this.#movedMs = port.loop.nowMs();
    if (idleMs > 0) this.#watch();
  }

  /** Bytes received from a and queued for b; all of them were sent when `why` is `ended`. */
  get bytesAtoB(): number {
    return this.#aToB.bytes;
  }

  get bytesBtoA(): number {
    return this.#bToA.bytes;
  }

  /** Bytes that were received and that the other side's kernel does not have yet. */
  get queuedBytes(): number {
    return this.#aToB.queuedBytes + this.#bToA.queuedBytes;
  }

  /** Begins one direction; `preface` (1 MiB at most) goes out before what is received. */
  start(way: RelayWay, preface?: Uint8Array): void {
    if (this.why === undefined) (way === 'aToB' ? this.#aToB : this.#bToA).start(preface);
  }

  /** Resets both sides. */
  stop(): void {
    this.#end('stopped');
  }

  relayMoved(): void {
    this.#movedMs = this.#port.loop.turnMs;
    if (this.firstMsBtoA < 0 && this.#bToA.bytes > 0) this.firstMsBtoA = this.#movedMs;
  }

  relayEnded(): void {
    this.firstEnded ??= this.#aToB.ended ? 'aToB' : 'bToA';
    if (!this.halfCloses || (this.#aToB.ended && this.#bToA.ended)) this.#end('ended');
  }

  relayFailed(fault: Fault | undefined, socket?: SocketId): void {
    if (this.why === undefined) {
      this.fault = fault;
      this.faultSocket = socket;
    }
    this.#end(fault === undefined ? 'stopped' : 'failed');
  }

  #watch(): void {
    this.#timer.atMs = this.#movedMs + this.#idleMs;
    this.#port.submit(this.#timer);
  }

  /** A byte moves a field and not the timer: when that fires, the field says how long is left. */
  #timeUp(): void {
    if (this.why !== undefined) this.#completed();
    else if (this.#timer.status !== 'done') return;
    else if (this.#movedMs + this.#idleMs > this.#timer.atMs || this.#movesOn()) this.#watch();
    else this.#end('idle');
  }

  /** A splice to a slow reader tells what it has moved only at its end: one looks at it. */
  #movesOn(): boolean {
    const aToB = this.#aToB.movesOn();
    const bToA = this.#bToA.movesOn();
    if (aToB || bToA) this.relayMoved();
    return aToB || bToA;
  }

  #end(why: RelayEnd): void {
    if (this.why !== undefined) return;
    this.why = why;
    this.onEnding?.(this);
    const clean = why === 'ended' || (why === 'idle' && this.queuedBytes === 0);
    this.#closeA.how = clean ? 'graceful' : 'reset';
    this.#closeB.how = this.#closeA.how;
    this.#closeA.lingerMs = this.lingerMs ?? this.#closeA.lingerMs;
    this.#closeB.lingerMs = this.lingerMs ?? this.#closeB.lingerMs;
    if (this.#timer.status === 'pending') {
      this.#left += 1;
      this.#port.cancel(this.#timer);
    }
    this.#port.submit(this.#closeA);
    this.#port.submit(this.#closeB);
    // After the closes: an adapter may be able to cancel a send only by ending the connection.
    this.#aToB.stop();
    this.#bToA.stop();
  }

  #completed(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#onEnd(this);
  }
}

export type RelayOptions = {
  /** How long both directions may be silent together, in milliseconds; without it for ever. */
  readonly idleMs?: number;
  /** Resets both sides and rejects with the signal's reason once they are closed. */
  readonly signal?: AbortSignal;
  /** Goes to b before what a sends: a PROXY protocol header, for one. */
  readonly prefaceToB?: Uint8Array;
  readonly prefaceToA?: Uint8Array;
};

export type RelayResult = {
  readonly bytesAtoB: number;
  readonly bytesBtoA: number;
  readonly why: RelayEnd;
  readonly fault: Fault | undefined;
};

/**
 * Joins two streams of one port until both have ended, and closes them. The streams are the
 * relay's from now on; what they have received is forwarded and what they have queued is sent.
 */
export async function relay(
  a: Stream,
  b: Stream,
  options: RelayOptions = {},
): Promise<RelayResult> {
  const { port } = a;
  if (b.port !== port) throw new InvariantError('a relay joins two streams of one port');
  options.signal?.throwIfAborted();
  await flushed(a, b, options);
  const fromA = a.handOver();
  const fromB = b.handOver();
  return new Promise((resolve, reject) => {
    const both = new Relay(
      port,
      poolOf(port),
      fromA.socket,
      fromB.socket,
      options.idleMs ?? 0,
      end,
    );
    const abort = () => both.stop();
    function end({ bytesAtoB, bytesBtoA, why, fault }: Relay): void {
      options.signal?.removeEventListener('abort', abort);
      if (why === 'stopped' && options.signal?.aborted) reject(options.signal.reason);
      else resolve({ bytesAtoB, bytesBtoA, why: why ?? 'stopped', fault });
    }
    options.signal?.addEventListener('abort', abort, { once: true });
    both.start('aToB', preface(options.prefaceToB, fromA.received));
    both.start('bToA', preface(options.prefaceToA, fromB.received));
  });
}

/** What the streams had queued goes first; a side that does not take it ends the relay. */
async function flushed(a: Stream, b: Stream, options: RelayOptions): Promise<void> {
  const { signal, idleMs: timeoutMs } = options;
  try {
    await Promise.all([a.flush({ signal, timeoutMs }), b.flush({ signal, timeoutMs })]);
  } catch (error) {
    await Promise.allSettled([a.close({ how: 'reset' }), b.close({ how: 'reset' })]);
    throw error;
  }
}

function preface(first: Uint8Array | undefined, received: Uint8Array): Uint8Array | undefined {
  if (first === undefined) return received.length === 0 ? undefined : received;
  return joined([first, received], first.length + received.length);
}
