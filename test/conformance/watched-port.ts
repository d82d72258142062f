import { createHash } from 'node:crypto';
import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import type {
  Operation,
  RecvOperation,
  SendOperation,
  SocketId,
  UdpRecvOperation,
} from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { Queues } from './queues.ts';

/** What is known about one operation object over all its uses. */
type Use = {
  readonly operation: Operation;
  original: Operation['onComplete'];
  pending: boolean;
  submits: number;
  completions: number;
  /** Statuses in turn, repetitions left out. */
  readonly statuses: string[];
  /** What a receive or a peek showed when it completed last, copied. */
  received: Uint8Array;
  /** Buffers that must stay as they are, and what was in them. */
  guarded: readonly Guard[];
};

type Guard = { readonly bytes: Uint8Array; readonly digest: string };

const NOTHING = new Uint8Array(0);

/**
 * Stands before a port and holds it to the laws that need no scenario: one completion per
 * submit, none inside the call, order, buffers, closing. What it finds is in `breaches`.
 */
export class WatchedPort implements ProactorPort {
  readonly inner: ProactorPort;
  readonly breaches: string[] = [];
  readonly #uses = new Map<Operation, Use>();
  readonly #queues = new Queues();
  #inside: string | undefined;
  closed = false;

  constructor(inner: ProactorPort) {
    this.inner = inner;
  }

  get name(): string {
    return this.inner.name;
  }

  get capabilities(): Capabilities {
    return this.inner.capabilities;
  }

  get loop(): EventLoop {
    return this.inner.loop;
  }

  get counters(): Readonly<Counters> {
    return this.inner.counters;
  }

  get openSockets(): number {
    return this.inner.openSockets;
  }

  localEndpoint(socket: SocketId): Endpoint | undefined {
    return this.inner.localEndpoint(socket);
  }

  remoteEndpoint(socket: SocketId): Endpoint | undefined {
    return this.inner.remoteEndpoint(socket);
  }

  submit(operation: Operation): void {
    const use = this.#useOf(operation);
    if (use.pending) {
      this.inner.submit(operation); // Throws: a bug of the caller.
      return;
    }
    this.#verifyGuards(use, 'before it was submitted again');
    use.guarded = operation.kind === 'send' ? guardPieces(operation) : [];
    use.pending = true;
    use.submits += 1;
    this.#queues.add(operation);
    this.#call(`submit(${operation.kind})`, () => this.inner.submit(operation));
  }

  cancel(operation: Operation): void {
    this.#call(`cancel(${operation.kind})`, () => this.inner.cancel(operation));
  }

  close(onClosed?: () => void): void {
    this.#call('close()', () =>
      this.inner.close(() => {
        this.closed = true;
        onClosed?.();
      }),
    );
  }

  /** What `operation` showed, copied while it was lent. */
  received(operation: Operation): Uint8Array {
    return this.#uses.get(operation)?.received ?? NOTHING;
  }

  /** The caller changes this operation's buffers itself. */
  release(operation: Operation): void {
    this.#useOf(operation).guarded = [];
  }

  /** Most receives of one socket that completed with data within one turn. */
  get readsPerTurnMax(): number {
    return this.#queues.readsPerTurnMax;
  }

  /** How many operations of this kind were submitted. */
  submitted(kind: Operation['kind']): number {
    const uses = [...this.#uses.values()].filter((use) => use.operation.kind === kind);
    return uses.reduce((sum, use) => sum + use.submits, 0);
  }

  /** Every operation in the order of first submission, each with what became of it. */
  trace(): string[] {
    return [...this.#uses.values()].map((use) => `${use.operation.kind}:${use.statuses.join('>')}`);
  }

  /** For the end of a rule, after `close`: what is still owed. */
  verifyEnd(): void {
    for (const use of this.#uses.values()) {
      const { kind } = use.operation;
      if (use.submits !== use.completions) {
        this.breaches.push(`${kind}: ${use.submits} submitted, ${use.completions} completed`);
      }
      this.#verifyGuards(use, 'after its completion');
    }
    if (this.openSockets !== 0) this.breaches.push(`${this.openSockets} sockets are left open`);
  }

  #call(name: string, call: () => void): void {
    const outer = this.#inside;
    this.#inside = name;
    try {
      call();
    } finally {
      this.#inside = outer;
    }
  }

  #useOf(operation: Operation): Use {
    let use = this.#uses.get(operation);
    if (use === undefined) {
      const counters = { pending: false, submits: 0, completions: 0 };
      const answer = { statuses: [], received: NOTHING, guarded: [] };
      use = { operation, original: operation.onComplete, ...counters, ...answer };
      this.#uses.set(operation, use);
      operation.onComplete = this.#completed;
    }
    return use;
  }

  readonly #completed = (operation: Operation): void => {
    const use = this.#uses.get(operation) as Use;
    const { kind, status } = operation;
    if (this.#inside !== undefined) {
      this.breaches.push(`${kind}: completed inside ${this.#inside}`);
    }
    use.completions += 1;
    if (!use.pending) {
      this.breaches.push(`${kind}: completed without being pending, as ${status}`);
      return;
    }
    use.pending = false;
    if (use.statuses.at(-1) !== status) use.statuses.push(status);
    this.#verifyAnswer(operation);
    this.breaches.push(...this.#queues.take(operation, this.loop.turn));
    this.#verifyGuards(use, 'while it was pending');
    this.#show(use);
  };

  #show(use: Use): void {
    const { operation } = use;
    const inside = this.#inside;
    this.#inside = undefined; // What the callback submits is its own call.
    const view = viewOf(operation);
    use.received = view === undefined ? NOTHING : Uint8Array.from(view);
    if (operation.kind === 'recv' || operation.kind === 'udpRecv') {
      if (operation.into !== undefined) use.guarded = guardInto(operation);
      else if (operation.kind === 'recv' && operation.owned && view) use.guarded = [guard(view)];
    }
    const lent = use.received;
    try {
      use.original(operation);
    } finally {
      this.#inside = inside;
      const isLent = view !== undefined && !('into' in operation && operation.into !== undefined);
      if (isLent && Buffer.compare(view, lent) !== 0) {
        this.breaches.push(`${operation.kind}: a lent view changed before the callback returned`);
      }
    }
  }

  #verifyAnswer(operation: Operation): void {
    const { kind, status, fault } = operation;
    const complain = (what: string): void => {
      this.breaches.push(`${kind} ${status}: ${what}`);
    };
    if (status === 'idle' || status === 'pending') complain('is no outcome');
    const owesFault = status === 'failed' || status === 'icmp';
    if (owesFault !== (fault !== undefined)) complain(owesFault ? 'no fault' : 'a fault');
    if (kind === 'send') {
      const total = lengthOf(operation);
      const { bytes, bytesPossible } = operation;
      if (status === 'done' && bytes !== total) complain(`${bytes} of ${total} bytes`);
      if (bytes > bytesPossible || bytesPossible > total) {
        complain(`progress ${bytes} to ${bytesPossible} of ${total}`);
      }
      const exact = this.capabilities.sendProgress === 'exact';
      if (exact && bytes !== bytesPossible) complain(`${bytes} to ${bytesPossible} is not exact`);
    }
    if (kind === 'recv' && status === 'done' && operation.bytes < operation.minBytes) {
      complain(`${operation.bytes} of at least ${operation.minBytes} bytes`);
    }
  }

  #verifyGuards(use: Use, when: string): void {
    for (const { bytes, digest } of use.guarded) {
      if (digestOf(bytes) !== digest) {
        this.breaches.push(`${use.operation.kind}: a buffer changed ${when}`);
      }
    }
  }
}

function viewOf(operation: Operation): Uint8Array | undefined {
  if (operation.kind === 'recv' && operation.into !== undefined) {
    return Buffer.concat(operation.into).subarray(0, operation.bytes);
  }
  if (operation.kind === 'udpRecv' && operation.into !== undefined) {
    return operation.into.subarray(0, operation.bytes);
  }
  if (operation.kind === 'recv' || operation.kind === 'peek' || operation.kind === 'udpRecv') {
    return operation.data.subarray(operation.offset, operation.offset + operation.bytes);
  }
  return undefined;
}

function guardInto(operation: RecvOperation | UdpRecvOperation): Guard[] {
  const buffers = operation.kind === 'recv' ? (operation.into ?? []) : [operation.into ?? NOTHING];
  return buffers.map(guard);
}

function guardPieces(send: SendOperation): Guard[] {
  const pieces = send.pieces.slice(0, send.count);
  return pieces.filter((piece): piece is Uint8Array => typeof piece !== 'string').map(guard);
}

function guard(bytes: Uint8Array): Guard {
  return { bytes, digest: digestOf(bytes) };
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('base64');
}

function lengthOf(send: SendOperation): number {
  return send.pieces.slice(0, send.count).reduce((sum, piece) => sum + piece.length, 0);
}
