import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { EventLoop } from '../../src/core/event-loop.ts';

/**
 * A way into a loop from other threads: a message posted at the far end wakes the loop, idle or
 * not, and is handled as a posted task, on its turn.
 */
export class NodeRemote<Message> {
  /** The far end, for one worker: goes into its `workerData` and `transferList`. */
  readonly far: MessagePort;
  readonly #near: MessagePort;

  /** `onMessage` runs on the loop. The remote keeps the process alive until it is closed. */
  constructor(loop: EventLoop, onMessage: (message: Message) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#near = port1;
    this.far = port2;
    port1.on('message', (message: Message) => {
      loop.post(() => onMessage(message));
    });
  }

  /** Ends both ends. What was posted before is still handled, in the order of its coming. */
  close(): void {
    this.#near.close();
  }
}
