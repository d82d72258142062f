import type { SocketOperation } from '../operation.ts';
import type { Attempt, Direction } from '../reactor.ts';
import { answerAs } from './side.ts';

/**
 * An operation that a proactor carries out for a reactor's caller: one of the bridge's own stands
 * for it, so that nothing of the caller's is lent between two attempts.
 */
export class Begun<Own extends SocketOperation = SocketOperation> {
  readonly caller: SocketOperation;
  readonly own: Own;
  readonly direction: Direction;

  constructor(caller: SocketOperation, own: Own, direction: Direction) {
    this.caller = caller;
    this.own = own;
    this.direction = direction;
  }

  get ended(): boolean {
    return this.own.status !== 'pending' && this.own.status !== 'idle';
  }

  attempt(): Attempt {
    if (this.ended) return answerAs(this.caller, this.own);
    this.caller.status = 'idle';
    return this.direction;
  }

  /** The caller gives up. */
  abandon(): void {}

  /** The socket's sides have moved. */
  proceed(): void {}
}
