import { BufferPool } from '../../src/core/buffer-pool.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { fault } from '../../src/core/fault.ts';
import type { CloseOperation, RecvOperation } from '../../src/core/operation.ts';
import { FakeProactor } from '../core/fake-proactor.ts';
import { ManualHost } from '../core/manual-host.ts';

const RESET = fault('reset', { code: 'ECONNRESET', errno: undefined, call: undefined });

/** A connection's kernel in the hands of the test: what comes, what goes, what time it is. */
export class WireWorld {
  readonly host: ManualHost = new ManualHost();
  readonly port: FakeProactor = new FakeProactor(this.host.loop);
  readonly buffers: BufferPool = new BufferPool();

  constructor() {
    this.host.now = 1_000;
    this.port.sendsAtOnce = true;
  }

  get loop(): EventLoop {
    return this.host.loop;
  }

  /** The receive that is posted. */
  get recv(): RecvOperation | undefined {
    return this.port.oldest('recv');
  }

  get close(): CloseOperation | undefined {
    return this.port.oldest('close');
  }

  /** Everything that was sent. */
  get sent(): string {
    return this.port.batches.join('');
  }

  /** How many send operations there were. */
  get sends(): number {
    return this.port.batches.length;
  }

  /** Bytes arrive, in one turn; the view is only lent. */
  comes(text: string, owned: boolean = false): void {
    const data = Buffer.from(`<${text}>`, 'latin1');
    this.#turn(() => {
      this.port.end('recv', 'done', { data, offset: 1, bytes: text.length, owned });
    });
    if (!owned) data.fill(0x58);
  }

  eof(): void {
    this.#turn(() => this.port.end('recv', 'eof'));
  }

  reset(): void {
    this.#turn(() => this.port.end('recv', 'failed', { fault: RESET }));
  }

  sendFails(): void {
    this.#turn(() => this.port.end('send', 'failed', { fault: RESET }));
  }

  sendDone(): void {
    this.#turn(() => this.port.end('send', 'done'));
  }

  /** The deadline of the receive passes; says when that was, from now on. */
  expires(): number {
    const recv = this.recv;
    if (recv === undefined || recv.deadlineMs === 0) throw new Error('nothing has a deadline');
    const waitedMs = recv.deadlineMs - this.host.now;
    this.host.now = recv.deadlineMs;
    this.#turn(() => this.port.end('recv', 'expired'));
    return waitedMs;
  }

  /** A turn in which the test itself does something. */
  does(task: () => void): void {
    this.#turn(task);
  }

  closes(): void {
    this.#turn(() => this.port.end('close', 'done'));
  }

  #turn(events: () => void): void {
    this.host.turn(events);
    this.host.settle();
    if (this.host.uncaughtErrors.length > 0) throw this.host.uncaughtErrors[0];
  }
}
