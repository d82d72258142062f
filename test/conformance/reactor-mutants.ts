import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import type { RecvOperation, SocketId, SocketOperation } from '../../src/core/operation.ts';
import { recvOperation, timerOperation } from '../../src/core/operations.ts';
import type { Counters } from '../../src/core/port.ts';
import type { Attempt, Direction, ReactorPort, Watch } from '../../src/core/reactor.ts';

/** What a mutant does otherwise than the reactor behind it. */
type Change = {
  attempt?(operation: SocketOperation, go: () => Attempt): Attempt;
  wait?(watch: Watch, go: (watch: Watch) => void): void;
  unwait?(watch: Watch): void;
};

/** Made anew for every port. */
export type ReactorMutation = { readonly law: number; change(port: ReactorPort): Change };

/** A reactor that breaks one law on purpose. */
export class ReactorMutant implements ReactorPort {
  readonly name: string;
  readonly #inner: ReactorPort;
  readonly #change: Change;

  constructor(inner: ReactorPort, name: string, change: Change) {
    this.#inner = inner;
    this.name = name;
    this.#change = change;
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  get loop(): EventLoop {
    return this.#inner.loop;
  }

  get counters(): Readonly<Counters> {
    return this.#inner.counters;
  }

  get openSockets(): number {
    return this.#inner.openSockets;
  }

  localEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#inner.localEndpoint(socket);
  }

  remoteEndpoint(socket: SocketId): Endpoint | undefined {
    return this.#inner.remoteEndpoint(socket);
  }

  attempt(operation: SocketOperation): Attempt {
    const go = (): Attempt => this.#inner.attempt(operation);
    return this.#change.attempt === undefined ? go() : this.#change.attempt(operation, go);
  }

  abandon(operation: SocketOperation): void {
    this.#inner.abandon(operation);
  }

  wait(watch: Watch): void {
    const go = (changed: Watch): void => this.#inner.wait(changed);
    if (this.#change.wait === undefined) go(watch);
    else this.#change.wait(watch, go);
  }

  unwait(watch: Watch): void {
    if (this.#change.unwait === undefined) this.#inner.unwait(watch);
    else this.#change.unwait(watch);
  }

  close(onClosed?: () => void): void {
    this.#inner.close(onClosed);
  }
}

/** Reports `watch` on the next turn, whatever the socket is like. */
function reportSoon(port: ReactorPort, watch: Watch): void {
  watch.waiting = true;
  port.loop.post(() => {
    if (!watch.waiting) return;
    watch.waiting = false;
    watch.onReady(watch);
  });
}

/** Reports that direction at once, on every socket that has sent or received already. */
function reportsAlways(port: ReactorPort, direction: Direction): Change {
  const used = new Set<SocketId>();
  return {
    attempt: ({ kind, socket }, go) => {
      if (kind === 'send' || kind === 'recv') used.add(socket);
      return go();
    },
    wait: (watch, go) => {
      const always = watch.direction === direction && used.has(watch.socket);
      if (always) reportSoon(port, watch);
      else go(watch);
    },
    unwait: (watch) => {
      if (watch.direction === direction && used.has(watch.socket)) watch.waiting = false;
      else port.unwait(watch);
    },
  };
}

const ignore = (): void => {};

/** Every broken law of a port with the reactor's face. */
export const REACTOR_MUTATIONS: Readonly<Record<string, ReactorMutation>> = {
  'reports writable when it is not': {
    law: 11,
    change: (port) => reportsAlways(port, 'write'),
  },
  'reports readable when it is not': {
    law: 11,
    change: (port) => reportsAlways(port, 'read'),
  },
  'reports twice for one wait': {
    law: 11,
    change: () => ({
      wait: (watch, go) => {
        const { onReady } = watch;
        watch.onReady = () => {
          watch.onReady = onReady;
          onReady(watch);
          onReady(watch);
        };
        go(watch);
      },
    }),
  },
  'reports inside wait': {
    law: 2,
    change: () => ({
      wait: (watch, go) => {
        go(watch);
        if (watch.direction === 'write') watch.onReady(watch);
      },
    }),
  },
  'is edge triggered: tells of the same bytes once': {
    law: 11,
    change: () => {
      const told = new Set<SocketId>();
      return {
        wait: (watch, go) => {
          if (watch.direction !== 'read') return go(watch);
          if (told.has(watch.socket)) {
            watch.waiting = true;
            return;
          }
          const { onReady } = watch;
          watch.onReady = () => {
            watch.onReady = onReady;
            told.add(watch.socket);
            onReady(watch);
          };
          go(watch);
        },
        attempt: ({ socket }, go) => {
          const attempt = go();
          if (attempt === 'read') told.delete(socket);
          return attempt;
        },
      };
    },
  },
  'reports after unwait': { law: 11, change: () => ({ unwait: ignore }) },
  'keeps the buffer of an attempt that would block': {
    law: 5,
    change: () => {
      let first: RecvOperation['into'];
      return {
        attempt: (operation, go) => {
          if (operation.kind !== 'recv' || operation.into === undefined) return go();
          const { into } = operation;
          if (first !== undefined) operation.into = first;
          const attempt = go();
          operation.into = into;
          if (attempt === 'read') first ??= into;
          return attempt;
        },
      };
    },
  },
  'eats what a peek attempt saw': {
    law: 8,
    change: (port) => ({
      attempt: (operation, go) => {
        const attempt = go();
        if (operation.kind === 'peek' && operation.status === 'done') {
          const recv = recvOperation(operation.socket, ignore);
          port.attempt(Object.assign(recv, { into: [new Uint8Array(1)] }));
        }
        return attempt;
      },
    }),
  },
  'calls back from an attempt': {
    law: 2,
    change: () => ({
      attempt: (operation, go) => {
        const attempt = go();
        if (attempt === 'completed') operation.onComplete(operation);
        return attempt;
      },
    }),
  },
  'starts a partial send over again': {
    law: 9,
    change: () => ({
      attempt: (operation, go) => {
        if (operation.kind === 'send') operation.bytes = 0;
        return go();
      },
    }),
  },
  'forgets to tell who waits that the socket is gone': {
    law: 11,
    change: (port) => {
      const waiting = new Set<Watch>();
      return {
        wait: (watch, go) => {
          waiting.add(watch);
          go(watch);
        },
        attempt: (operation, go) => {
          if (operation.kind === 'close') {
            for (const watch of waiting) {
              if (watch.socket === operation.socket && watch.waiting) port.unwait(watch);
            }
          }
          return go();
        },
      };
    },
  },
  'spins while it waits': {
    law: 11,
    change: (port) => {
      const poll = timerOperation(ignore);
      let waiting: Watch | undefined;
      poll.onComplete = () => {
        if (!waiting?.waiting || poll.status === 'cancelled') return;
        poll.atMs = port.loop.nowMs() + 0.1;
        port.loop.submitTimer(poll);
      };
      return {
        wait: (watch, go) => {
          go(watch);
          waiting = watch;
          if (poll.status !== 'pending') poll.onComplete(poll);
        },
      };
    },
  },
};
