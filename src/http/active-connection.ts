import type { Outbox } from '../core/outbox/outbox.ts';
import { ClientSocket } from './client-socket.ts';
import type { MessageHead } from './message-head.ts';
import type { ServerActivity } from './server-activity.ts';

/** A client's connection as its exchange sees it: what is borrowed while there is one. */
export abstract class ActiveConnection extends ClientSocket {
  /** Set from the first byte of a request until its answers are with the kernel. */
  protected active: ServerActivity | undefined;

  /** The current request. Only within an exchange. */
  get head(): MessageHead {
    return (this.active as ServerActivity).reader.head;
  }

  /** Where the response goes. Only within an exchange. */
  get outbox(): Outbox {
    return (this.active as ServerActivity).outbox;
  }

  /** Bytes of responses that the kernel does not have yet. */
  get queuedBytes(): number {
    return this.active?.outbox.queuedBytes ?? 0;
  }

  /** Is there a body of the current request that has not come to its end? */
  get requestHasBody(): boolean {
    return this.active?.reader.reading === 'body';
  }

  /** The client waits for a word before it sends the body. */
  get owesContinue(): boolean {
    return this.active?.owesContinue === true;
  }

  /** Did the current request come together with what was before it? */
  get isPipelined(): boolean {
    return this.active?.reader.pipelined === true;
  }

  get paused(): boolean {
    return this.active?.reader.paused === true;
  }

  /** Queues a response's head, or text that belongs to its body. */
  send(text: string): void {
    (this.active as ServerActivity).send(text);
  }

  /** Queues the head of an interim response: an answer of any other kind may still follow. */
  sendInterim(text: string): void {
    (this.active as ServerActivity).sendInterim(text);
  }

  /** Within a request's beginning: `bodyHeld` is called when all that has come is kept. */
  holdBody(): void {
    (this.active as ServerActivity).reader.holdBody();
  }

  /** No more of the request's body for now. */
  pauseRequest(): void {
    (this.active as ServerActivity).reader.paused = true;
  }
}
