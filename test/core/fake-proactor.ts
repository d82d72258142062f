import type { Capabilities } from '../../src/core/capabilities.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { CLOSED } from '../../src/core/fault.ts';
import {
  begin,
  NO_SOCKET,
  type Operation,
  type Outcome,
  type SendOperation,
  type SocketOperation,
} from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';

export const CAPABILITIES: Capabilities = {
  peek: 'kernel',
  receive: 'direct',
  gatherMax: 1024,
  sendProgress: 'exact',
  transmit: 'kernel',
  splice: 'none',
  datagramPressure: 'kernel',
  icmp: 'all',
  datagramTrueSize: true,
  detach: true,
  adopt: true,
  fastOpen: true,
  exclusiveAccept: true,
  reusePort: true,
};

type Kind = SocketOperation['kind'];
type Of<K extends Kind> = Extract<SocketOperation, { kind: K }>;

/** A proactor whose kernel is the test: it says when and how each operation ends. */
export class FakeProactor implements ProactorPort {
  readonly name: string = 'fake';
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly counters: Counters = { acceptsShed: 0, datagramsDropped: 0 };
  readonly loop: EventLoop;
  readonly pending: SocketOperation[] = [];
  openSockets: number = 0;
  closed: boolean = false;
  /** What `submit` puts into the `socket` of the next opening. */
  nextSocket: number = 1;
  /** Does every send end at once, in the turn in which it was submitted? */
  sendsAtOnce: boolean = false;
  /** The bytes of every send that was done, as latin1, one per batch. */
  readonly batches: string[] = [];
  /** How many pieces each batch had. */
  readonly pieces: number[] = [];

  constructor(loop: EventLoop) {
    this.loop = loop;
  }

  localEndpoint(): undefined {}

  remoteEndpoint(): undefined {}

  submit(operation: Operation): void {
    if (operation.kind === 'timer') {
      this.loop.submitTimer(operation);
      return;
    }
    begin(operation, undefined);
    if (this.closed) {
      operation.fault = CLOSED;
      this.loop.completeSoon(operation, 'failed');
      return;
    }
    const { kind } = operation;
    if (kind === 'listen' || kind === 'connect' || kind === 'udpOpen' || kind === 'adopt') {
      operation.socket = this.nextSocket === NO_SOCKET ? NO_SOCKET : this.nextSocket++;
    }
    this.pending.push(operation);
    if (operation.kind === 'send' && this.sendsAtOnce) this.#end(operation, 'done');
  }

  cancel(operation: Operation): void {
    if (operation.kind === 'timer') this.loop.cancelTimer(operation);
    else if (this.pending.includes(operation)) this.#end(operation, 'cancelled');
  }

  close(onClosed: () => void = () => {}): void {
    this.closed = true;
    for (const operation of [...this.pending]) this.#end(operation, 'cancelled');
    onClosed();
  }

  /** The oldest pending operation of this kind. */
  oldest<K extends Kind>(kind: K): Of<K> | undefined {
    return this.pending.find((operation): operation is Of<K> => operation.kind === kind);
  }

  /** Ends the oldest operation of this kind, on the next turn. */
  end<K extends Kind>(kind: K, outcome: Outcome, answer: Partial<Of<K>> = {}): void {
    const operation = this.oldest(kind);
    if (operation === undefined) throw new Error(`no ${kind} is pending`);
    Object.assign(operation, answer);
    this.#end(operation, outcome);
  }

  #end(operation: SocketOperation, outcome: Outcome): void {
    this.pending.splice(this.pending.indexOf(operation), 1);
    if (operation.kind === 'send' && outcome === 'done') this.#take(operation);
    this.loop.completeSoon(operation, outcome);
  }

  #take(send: SendOperation): void {
    const pieces = send.pieces.slice(0, send.count);
    this.pieces.push(send.count);
    this.batches.push(pieces.map(textOf).join(''));
    send.bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    send.bytesPossible = send.bytes;
  }
}

function textOf(piece: Uint8Array | string): string {
  return typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1');
}
