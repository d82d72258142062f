import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import type { Operation, SocketId } from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';

/** What a mutant does otherwise than the port behind it. `go` is what the port would do. */
export type Change = {
  submit?(operation: Operation, go: (operation: Operation) => void): void;
  cancel?(operation: Operation, go: (operation: Operation) => void): void;
  /** An operation has ended; `go` tells its caller. */
  ended?(operation: Operation, go: (operation: Operation) => void): void;
  close?(onClosed: () => void, go: (onClosed: () => void) => void): void;
  openSockets?(actual: number): number;
  /** Replaces the loop that callers see. */
  readonly loop?: EventLoop;
};

/** A broken law: its number in section 4 of the contract, and who has to notice. */
export type Mutation = {
  readonly law: number;
  /** The group of rules that must catch it. */
  readonly group: string;
  /** Made anew for every port. */
  change(port: ProactorPort): Change;
};

/** A port that breaks one law on purpose: the suite has to notice. */
export class Mutant implements ProactorPort {
  readonly #inner: ProactorPort;
  readonly #change: Change;
  readonly name: string;

  constructor(inner: ProactorPort, name: string, change: Change) {
    this.#inner = inner;
    this.name = name;
    this.#change = change;
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  get loop(): EventLoop {
    return this.#change.loop ?? this.#inner.loop;
  }

  get counters(): Readonly<Counters> {
    return this.#inner.counters;
  }

  get openSockets(): number {
    const { openSockets } = this.#inner;
    return this.#change.openSockets?.(openSockets) ?? openSockets;
  }

  localEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#inner.localEndpoint(socket);
  }

  remoteEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#inner.remoteEndpoint(socket);
  }

  submit(operation: Operation): void {
    if (operation.status === 'pending')
      this.#inner.submit(operation); // Throws.
    else if (this.#change.submit === undefined) this.#go(operation);
    else this.#change.submit(operation, (changed) => this.#go(changed));
  }

  cancel(operation: Operation): void {
    const go = (changed: Operation): void => this.#inner.cancel(changed);
    if (this.#change.cancel === undefined) go(operation);
    else this.#change.cancel(operation, go);
  }

  close(onClosed: () => void = () => {}): void {
    const go = (then: () => void): void => this.#inner.close(then);
    if (this.#change.close === undefined) go(onClosed);
    else this.#change.close(onClosed, go);
  }

  #go(operation: Operation): void {
    const { ended } = this.#change;
    if (ended === undefined) {
      this.#inner.submit(operation);
      return;
    }
    const caller = operation.onComplete;
    operation.onComplete = () => {
      operation.onComplete = caller;
      ended(operation, (changed) => changed.onComplete(changed));
    };
    this.#inner.submit(operation);
  }
}
