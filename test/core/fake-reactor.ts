import type { Capabilities } from '../../src/core/capabilities.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { ownFault } from '../../src/core/fault.ts';
import { InvariantError } from '../../src/core/invariant-error.ts';
import { NO_SOCKET, type Outcome, type SocketOperation } from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import { type Attempt, beginWait, type ReactorPort, type Watch } from '../../src/core/reactor.ts';
import { CAPABILITIES } from './fake-proactor.ts';

type Answer = { outcome: Outcome; bytes?: string; accepted?: number };

/** A reactor with one stream and one listener's queue, both filled and emptied by the test. */
export class FakeReactor implements ReactorPort {
  readonly name: string = 'fake';
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly counters: Counters = { acceptsShed: 0, datagramsDropped: 0 };
  readonly loop: EventLoop;
  openSockets: number = 0;
  /** What the next attempts to read complete with; empty: they would block. */
  readonly incoming: Answer[] = [];
  /** Bytes that sends may still take. */
  room: number = 0;
  readonly sent: string[] = [];
  /** `completed`: openings and closes complete at once; else the direction they wait on. */
  ownAnswer: Attempt = 'completed';
  /** Every attempt, by the kind of its operation. */
  readonly attempts: string[] = [];
  readonly abandoned: SocketOperation[] = [];
  readonly watches: Watch[] = [];
  /** Runs on each attempt, while the caller is inside. */
  onAttempt: (operation: SocketOperation) => void = () => {};
  #nextSocket = 1;

  constructor(loop: EventLoop) {
    this.loop = loop;
  }

  localEndpoint(): undefined {}

  remoteEndpoint(): undefined {}

  close(onClosed: () => void = () => {}): void {
    onClosed();
  }

  attempt(operation: SocketOperation): Attempt {
    if (operation.status === 'pending') throw new InvariantError('attempted while pending');
    this.attempts.push(operation.kind);
    this.onAttempt(operation);
    const answer = this.#try(operation);
    if (answer !== 'completed') operation.status = 'idle';
    return answer;
  }

  abandon(operation: SocketOperation): void {
    operation.status = 'cancelled';
    this.abandoned.push(operation);
  }

  wait(watch: Watch): void {
    beginWait(watch);
    this.watches.push(watch);
  }

  unwait(watch: Watch): void {
    watch.waiting = false;
    const index = this.watches.indexOf(watch);
    if (index >= 0) this.watches.splice(index, 1);
  }

  /** The directions that are waited for. */
  get waits(): string[] {
    return this.watches.map(({ direction }) => direction);
  }

  /** As the kernel reports it, from the loop. */
  report(direction: Watch['direction']): void {
    for (const watch of this.watches.filter((it) => it.direction === direction)) {
      this.unwait(watch);
      watch.onReady(watch);
    }
  }

  #try(operation: SocketOperation): Attempt {
    switch (operation.kind) {
      case 'listen':
      case 'connect':
      case 'udpOpen':
      case 'adopt':
        if (operation.socket === NO_SOCKET) operation.socket = this.#nextSocket++;
        return this.#own(operation);
      case 'close':
      case 'shutdown':
        return this.#own(operation);
      case 'send':
        return this.#send(operation);
      default:
        return this.#read(operation);
    }
  }

  #own(operation: SocketOperation): Attempt {
    if (this.ownAnswer === 'completed') operation.status = 'done';
    return this.ownAnswer;
  }

  #read(operation: SocketOperation): Attempt {
    const answer = this.incoming.shift();
    if (answer === undefined) return 'read';
    operation.status = answer.outcome;
    if (answer.outcome === 'failed') operation.fault = ownFault('reset', 'recv');
    if (operation.kind === 'accept') operation.accepted = answer.accepted ?? NO_SOCKET;
    if (operation.kind !== 'recv') return 'completed';
    const bytes = Buffer.from(answer.bytes ?? '', 'latin1');
    operation.bytes = bytes.length;
    if (operation.into === undefined) {
      operation.data = bytes;
      return 'completed';
    }
    let at = 0;
    for (const buffer of operation.into) at += bytes.copy(buffer, 0, at);
    operation.bytes = at;
    if (at < bytes.length) {
      this.incoming.unshift({ outcome: 'done', bytes: bytes.toString('latin1', at) });
    }
    return 'completed';
  }

  #send(operation: Extract<SocketOperation, { kind: 'send' }>): Attempt {
    const whole = operation.pieces.slice(0, operation.count).join('');
    const taken = whole.slice(operation.bytes, operation.bytes + this.room);
    this.room -= taken.length;
    if (taken.length > 0) this.sent.push(taken);
    operation.bytes += taken.length;
    operation.bytesPossible = operation.bytes;
    if (operation.bytes < whole.length) return 'write';
    operation.status = 'done';
    return 'completed';
  }
}
