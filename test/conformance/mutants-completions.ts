import { type AcceptOperation, finish, type Operation } from '../../src/core/operation.ts';
import type { Mutation } from './mutant.ts';

/** Laws 1 to 3 and 7: every operation ends once, later, in order, and before its socket. */
export const COMPLETION_MUTATIONS: Readonly<Record<string, Mutation>> = {
  'drops the completion of a receive': {
    law: 1,
    group: 'receive',
    change: () => ({ ended: (op, go) => (op.kind === 'recv' ? undefined : go(op)) }),
  },
  'never completes a cancelled peek': {
    law: 1,
    group: 'peek',
    change: () => ({
      ended: (op, go) => (op.kind === 'peek' && op.status === 'cancelled' ? undefined : go(op)),
    }),
  },
  'completes a send twice': {
    law: 1,
    group: 'send',
    change: () => ({
      ended: (op, go) => {
        go(op);
        if (op.kind === 'send' && op.status === 'done') go(op);
      },
    }),
  },
  'completes an empty send inside submit': {
    law: 2,
    group: 'send',
    change: () => ({
      submit: (op, go) => {
        if (op.kind !== 'send' || op.count > 0) go(op);
        else finish(op, 'done');
      },
    }),
  },
  'completes a receive inside cancel': {
    law: 2,
    group: 'receive',
    change: () => {
      const told = new Set<Operation>();
      return {
        cancel: (op, go) => {
          go(op);
          if (op.kind !== 'recv' || op.status !== 'pending') return;
          op.status = 'cancelled';
          op.onComplete(op);
          told.add(op);
        },
        ended: (op, go) => {
          if (!told.delete(op)) go(op);
        },
      };
    },
  },
  'completes the second of two reads first': {
    law: 3,
    group: 'receive',
    change: () => {
      const pending: Operation[] = [];
      let held: (() => void) | undefined;
      return {
        submit: (op, go) => {
          if (op.kind === 'recv') pending.push(op);
          go(op);
        },
        ended: (op, go) => {
          const at = pending.indexOf(op);
          if (at >= 0) pending.splice(at, 1);
          if (op.kind === 'recv' && pending.length > 0 && held === undefined) {
            held = () => go(op);
            return;
          }
          go(op);
          const late = held;
          held = undefined;
          late?.();
        },
      };
    },
  },
  'gives the connections to the accepts in the wrong order': {
    law: 3,
    group: 'accept',
    change: () => {
      const pending = new Set<Operation>();
      let first: AcceptOperation | undefined;
      return {
        submit: (op, go) => {
          if (op.kind === 'accept') pending.add(op);
          go(op);
        },
        ended: (op, go) => {
          pending.delete(op);
          if (op.kind !== 'accept' || op.status !== 'done') return go(op);
          if (first === undefined && pending.size > 0) {
            first = op; // Changes places with the next one.
            return;
          }
          const earlier = first;
          first = undefined;
          if (earlier !== undefined) {
            [earlier.accepted, op.accepted] = [op.accepted, earlier.accepted];
            go(earlier);
          }
          go(op);
        },
      };
    },
  },
  'completes a close before what was pending': {
    law: 7,
    group: 'close',
    change: () => {
      const held = new Map<number, (() => void)[]>();
      return {
        submit: (op, go) => {
          if (op.kind === 'close') held.set(op.socket, []);
          go(op);
        },
        ended: (op, go) => {
          if (op.kind === 'timer') return go(op);
          const queue = held.get(op.socket);
          if (queue !== undefined && op.kind !== 'close') {
            queue.push(() => go(op));
            return;
          }
          held.delete(op.socket);
          go(op);
          for (const deliver of queue ?? []) deliver();
        },
      };
    },
  },
};
