import type { EventLoop } from '../../src/core/event-loop.ts';
import type { Operation, SocketId } from '../../src/core/operation.ts';
import type { Mutation } from './mutant.ts';

const SLOTS = 1 << 20; // As in the core's socket table.
const TURNS_FOR_ONE = 4;

const ignore = (): void => {};

/** The loop, as somebody sees it who counts every fourth turn only. */
function slowCounted(loop: EventLoop): EventLoop {
  return new Proxy(loop, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown;
      if (name === 'turn') return Math.floor((value as number) / TURNS_FOR_ONE);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Laws 12 and 13, sockets that leak, and callbacks that throw. */
export const PORT_MUTATIONS: Readonly<Record<string, Mutation>> = {
  'leaks the socket of a connect that came to nothing': {
    law: 7,
    group: 'connect',
    change: () => {
      let leaked = 0;
      return {
        ended: (op, go) => {
          if (op.kind === 'connect' && op.status !== 'done') leaked += 1;
          go(op);
        },
        openSockets: (actual) => actual + leaked,
      };
    },
  },
  'says that it has closed before everything ended': {
    law: 7,
    group: 'isolation',
    change: () => ({
      close: (onClosed, go) => {
        go(ignore);
        queueMicrotask(onClosed);
      },
    }),
  },
  'swallows what a callback throws': {
    law: 1,
    group: 'isolation',
    change: () => ({
      ended: (op, go) => {
        try {
          go(op);
        } catch {
          // The mutation.
        }
      },
    }),
  },
  'completes four times as much in a turn': {
    law: 12,
    group: 'isolation',
    change: (port) => ({ loop: slowCounted(port.loop) }),
  },
  'hands out many datagrams in a turn': {
    law: 12,
    group: 'datagrams',
    change: (port) => ({ loop: slowCounted(port.loop) }),
  },
  'numbers sockets by their slot alone': {
    law: 13,
    group: 'isolation',
    change: () => {
      const numbers = new Map<number, SocketId>();
      const slotOf = (socket: SocketId): SocketId => {
        if (socket >= 0) numbers.set(socket % SLOTS, socket);
        return socket < 0 ? socket : socket % SLOTS;
      };
      return {
        submit: (op, go) => {
          if (op.kind !== 'timer') op.socket = numbers.get(op.socket) ?? op.socket;
          go(op);
        },
        ended: (op, go) => {
          if (op.kind === 'accept' && op.status === 'done') op.accepted = slotOf(op.accepted);
          if (opens(op) && op.status === 'done') op.socket = slotOf(op.socket);
          else if (op.kind !== 'timer' && op.socket >= 0) op.socket %= SLOTS;
          go(op);
        },
      };
    },
  },
};

function opens(operation: Operation): operation is Operation & { socket: SocketId } {
  const { kind } = operation;
  return ['listen', 'connect', 'udpOpen', 'adopt'].includes(kind);
}
