import { finish, type Operation, type RecvOperation } from '../../src/core/operation.ts';
import { recvOperation, udpRecvOperation } from '../../src/core/operations.ts';
import type { Mutation } from './mutant.ts';

const ignore = (): void => {};

/** Overwrites the caller's buffers. */
function scribble(operation: Operation): void {
  if (operation.kind === 'recv') for (const buffer of operation.into ?? []) buffer.fill(0x21);
}

/** Laws 4, 5, 8 and 9: no byte is lost, invented, moved or touched at the wrong time. */
export const BYTE_MUTATIONS: Readonly<Record<string, Mutation>> = {
  'loses the bytes that a cancelled receive might have had': {
    law: 4,
    group: 'receive',
    change: (port) => ({
      ended: (op, go) => {
        go(op);
        if (op.kind === 'recv' && op.status === 'cancelled') {
          port.submit(recvOperation(op.socket, ignore));
        }
      },
    }),
  },
  'claims that a cancelled send was sent whole': {
    law: 4,
    group: 'send',
    change: () => ({
      ended: (op, go) => {
        if (op.kind === 'send' && op.status === 'cancelled') {
          op.bytes = op.pieces.slice(0, op.count).reduce((sum, { length }) => sum + length, 0);
          op.bytesPossible = op.bytes;
        }
        go(op);
      },
    }),
  },
  'claims that an expired send sent nothing': {
    law: 4,
    group: 'send',
    change: () => ({
      ended: (op, go) => {
        if (op.kind === 'send' && op.status === 'expired') op.bytes = op.bytesPossible = 0;
        go(op);
      },
    }),
  },
  'completes with fewer bytes than the minimum': {
    law: 4,
    group: 'receive',
    change: () => ({
      submit: (op, go) => {
        if (op.kind === 'recv' && op.into !== undefined) op.minBytes = 1;
        go(op);
      },
    }),
  },
  'writes into a buffer after completion': {
    law: 5,
    group: 'receive',
    change: (port) => ({
      ended: (op, go) => {
        go(op);
        port.loop.post(() => {
          if (op.status === 'done') scribble(op);
        });
      },
    }),
  },
  'writes into the buffer of a cancelled receive': {
    law: 5,
    group: 'receive',
    change: (port) => ({
      ended: (op, go) => {
        go(op);
        port.loop.post(() => {
          if (op.status === 'cancelled') scribble(op);
        });
      },
    }),
  },
  'changes what is being sent': {
    law: 5,
    group: 'send',
    change: () => ({
      ended: (op, go) => {
        const piece = op.kind === 'send' ? op.pieces[0] : undefined;
        if (piece instanceof Uint8Array && piece.length > 0) piece[0] = (piece[0] as number) ^ 1;
        go(op);
      },
    }),
  },
  'scribbles over a lent view when the callback submits': {
    law: 5,
    group: 'receive',
    change: () => {
      let lent: RecvOperation | undefined;
      return {
        submit: (op, go) => {
          const { data, offset, bytes } = lent ?? recvOperation(0, ignore);
          data.fill(0xdd, offset, offset + bytes);
          go(op);
        },
        ended: (op, go) => {
          lent = op.kind === 'recv' && op.into === undefined ? op : undefined;
          go(op);
          lent = undefined;
        },
      };
    },
  },
  'eats a byte on peek': {
    law: 8,
    group: 'peek',
    change: (port) => ({
      ended: (op, go) => {
        if (op.kind === 'peek' && op.status === 'done') {
          const eat = recvOperation(op.socket, ignore);
          port.submit(Object.assign(eat, { into: [new Uint8Array(1)] }));
        }
        go(op);
      },
    }),
  },
  'eats the datagram on peek': {
    law: 8,
    group: 'datagrams',
    change: (port) => ({
      ended: (op, go) => {
        if (op.kind === 'udpPeek' && op.status === 'done') {
          port.submit(udpRecvOperation(op.socket, ignore));
        }
        go(op);
      },
    }),
  },
  'answers a peek before anything is there': {
    law: 8,
    group: 'peek',
    change: (port) => ({
      submit: (op, go) => {
        if (op.kind !== 'peek') return go(op);
        op.status = 'pending';
        port.loop.post(() => finish(op, 'done'));
      },
    }),
  },
  'reorders the pieces of a batch': {
    law: 9,
    group: 'send',
    change: () => ({
      submit: (op, go) => {
        if (op.kind === 'send')
          op.pieces.splice(0, op.count, ...op.pieces.slice(0, op.count).reverse());
        go(op);
      },
    }),
  },
  'sends one piece too few': {
    law: 9,
    group: 'outbox',
    change: () => ({
      submit: (op, go) => {
        if (op.kind === 'send' && op.count > 100) op.count -= 1;
        go(op);
      },
    }),
  },
};
