import type { EventLoop } from '../../src/core/event-loop.ts';
import { type CloseOperation, NO_DESCRIPTOR } from '../../src/core/operation.ts';
import { timerOperation } from '../../src/core/operations.ts';
import { beginLinger, linger } from './closing.ts';
import type { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket, Lingering } from './epoll-socket.ts';
import type { Interest } from './interest.ts';
import type { OpenSockets } from './open-sockets.ts';
import type { SystemCalls } from './system-calls.ts';
import { failAsClosed, failAsMisfit } from './transferring.ts';

/** Attempts of closes: at once, or over several turns while the peer is still sending. */
export class Closer {
  readonly #calls: SystemCalls;
  readonly #memory: EpollMemory;
  readonly #sockets: OpenSockets;
  readonly #interest: Interest;
  readonly #loop: EventLoop;

  constructor(
    calls: SystemCalls,
    memory: EpollMemory,
    sockets: OpenSockets,
    interest: Interest,
    loop: EventLoop,
  ) {
    this.#calls = calls;
    this.#memory = memory;
    this.#sockets = sockets;
    this.#interest = interest;
    this.#loop = loop;
  }

  /** `false`: it would block. */
  close(socket: EpollSocket, operation: CloseOperation): boolean {
    operation.descriptor = NO_DESCRIPTOR;
    let { lingering } = socket;
    if (lingering?.close !== operation) {
      if (lingering !== undefined) return failAsClosed(operation);
      if (operation.how === 'detach') return this.#detach(socket, operation);
      if (operation.how === 'reset') {
        this.#sockets.reset(socket);
        return true;
      }
      if (socket.kind !== 'stream' || operation.lingerMs === 0) {
        this.#sockets.close(socket);
        return true;
      }
      socket.dropHeld();
      lingering = beginLinger(this.#calls, socket, operation);
      if (!lingering.over) {
        this.#boundLinger(socket, lingering);
        return false; // What the peer has sent is read on the loop's turns.
      }
    }
    if (!linger(this.#calls, this.#memory, socket, lingering)) return false;
    this.#sockets.close(socket);
    return true;
  }

  #detach(socket: EpollSocket, operation: CloseOperation): boolean {
    // What a splice has taken out of the kernel would stay behind: it is to be received first.
    if (socket.pipe !== undefined) return failAsMisfit(operation);
    if (socket.opening !== undefined) this.#sockets.reset(socket);
    else operation.descriptor = this.#sockets.detach(socket);
    return true;
  }

  #boundLinger(socket: EpollSocket, lingering: Lingering): void {
    const timer = timerOperation(() => {
      lingering.over = true;
      socket.readable = 'ready';
      this.#interest.look(socket);
    });
    timer.atMs = this.#loop.nowMs() + lingering.close.lingerMs;
    lingering.timer = timer;
    this.#loop.submitTimer(timer);
  }
}
