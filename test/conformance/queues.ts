import { directionOf, type Operation, type SocketId } from '../../src/core/operation.ts';

/** Most completions with data that one socket may have in one turn: law 12. */
export const COMPLETIONS_PER_TURN_MAX = 32;

type Reads = { turn: number; count: number };

/** Which operations are pending, by socket and direction, in the order of their submission. */
export class Queues {
  readonly #pending = new Map<string, Set<Operation>>();
  readonly #reads = new Map<SocketId, Reads>();
  readsPerTurnMax = 0;

  add(operation: Operation): void {
    if (operation.kind === 'timer' || directionOf(operation.kind) === 'own') return;
    const key = keyOf(operation.socket, directionOf(operation.kind));
    const queue = this.#pending.get(key);
    if (queue === undefined) this.#pending.set(key, new Set([operation]));
    else queue.add(operation);
  }

  /** Takes out what has completed; tells which laws that broke. */
  take(operation: Operation, turn: number): string[] {
    if (operation.kind === 'timer') return [];
    if (operation.kind === 'close') {
      return operation.status === 'done' ? this.#takeClose(operation.socket) : [];
    }
    const direction = directionOf(operation.kind);
    if (direction === 'own') return [];
    const queue = this.#pending.get(keyOf(operation.socket, direction));
    const [first] = queue ?? [];
    queue?.delete(operation);
    const { kind, status } = operation;
    // An early end may overtake; what has happened on the wire may not.
    const happened = status === 'done' || status === 'eof';
    if (direction === 'read' && happened) this.#count(operation.socket, turn);
    if (first === operation || !happened) return [];
    return [`${kind}: completed before an earlier ${first?.kind} of its socket`];
  }

  #takeClose(socket: SocketId): string[] {
    const left = [...this.#of(socket, 'read'), ...this.#of(socket, 'write')];
    return left.map(({ kind }) => `close: completed before a ${kind} of its socket`);
  }

  #of(socket: SocketId, direction: string): Iterable<Operation> {
    return this.#pending.get(keyOf(socket, direction)) ?? [];
  }

  #count(socket: SocketId, turn: number): void {
    const reads = this.#reads.get(socket) ?? { turn, count: 0 };
    reads.count = reads.turn === turn ? reads.count + 1 : 1;
    reads.turn = turn;
    this.#reads.set(socket, reads);
    this.readsPerTurnMax = Math.max(this.readsPerTurnMax, reads.count);
  }
}

function keyOf(socket: SocketId, direction: string): string {
  return `${direction} ${socket}`;
}
