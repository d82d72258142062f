import type { CloseOperation } from '../operation.ts';
import { closeOperation, timerOperation } from '../operations.ts';
import type { ProactorPort } from '../proactor.ts';
import { Begun } from './begun.ts';
import type { BridgedSocket } from './bridged-socket.ts';

/**
 * The end of a bridged socket. A graceful one first delivers what the outbox holds, for as long
 * as every `lingerMs` brings some of it to the proactor; a peer that stopped reading is reset
 * then, like one that is closed by `reset`.
 */
export class Closing extends Begun<CloseOperation> {
  readonly #port: ProactorPort;
  readonly #socket: BridgedSocket;
  readonly #patience = timerOperation(() => this.#checkProgress());
  readonly #onGone: () => void;
  #unsentBytes: number;
  #abandoned = false;

  /** `onGone` runs when the socket is gone and no caller will ask how. */
  constructor(
    port: ProactorPort,
    socket: BridgedSocket,
    caller: CloseOperation,
    onGone: () => void,
  ) {
    const own = closeOperation(socket.socket, () => this.#closed());
    own.how = caller.how;
    own.lingerMs = caller.lingerMs;
    own.lingerBytes = caller.lingerBytes;
    super(caller, own, 'read');
    this.#port = port;
    this.#socket = socket;
    this.#onGone = onGone;
    this.#unsentBytes = socket.unsentBytes;
  }

  start(): void {
    this.#socket.discardReads();
    if (this.own.how === 'reset') this.#hurry();
    else this.proceed();
  }

  /** Closes once everything was sent. */
  override proceed(): void {
    if (this.own.status !== 'idle') return;
    if (this.#socket.unsentBytes === 0) this.#submit();
    else if (this.#patience.status !== 'pending') this.#waitForProgress();
  }

  /** Nobody waits any more: the socket goes now. */
  override abandon(): void {
    this.#abandoned = true;
    if (this.own.status === 'pending') this.#port.cancel(this.own);
    else if (this.ended) this.#onGone();
    else this.#hurry();
  }

  /** What is unsent is dropped. */
  #hurry(): void {
    if (this.own.status !== 'idle') return;
    this.own.how = 'reset';
    this.#submit();
  }

  #submit(): void {
    this.#port.loop.cancelTimer(this.#patience);
    this.#port.submit(this.own);
  }

  #waitForProgress(): void {
    this.#unsentBytes = this.#socket.unsentBytes;
    this.#patience.atMs = this.#port.loop.nowMs() + this.own.lingerMs;
    this.#port.loop.submitTimer(this.#patience);
  }

  #checkProgress(): void {
    if (this.own.status !== 'idle' || this.#patience.status !== 'done') return;
    if (this.#socket.unsentBytes < this.#unsentBytes) this.#waitForProgress();
    else this.#hurry();
  }

  #closed(): void {
    this.#socket.discardWrites();
    if (this.#abandoned) this.#onGone();
    this.#socket.tell();
  }
}
