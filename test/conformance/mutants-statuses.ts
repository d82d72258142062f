import { ownFault } from '../../src/core/fault.ts';
import { finish } from '../../src/core/operation.ts';
import type { Mutation } from './mutant.ts';

const RESET = ownFault('reset', 'mutant');

const ignore = (): void => {};

/** Law 6, deadlines and the ways to close: the status says what happened, when it happened. */
export const STATUS_MUTATIONS: Readonly<Record<string, Mutation>> = {
  'tells the end of the stream as a fault': {
    law: 6,
    group: 'receive',
    change: () => ({
      ended: (op, go) => {
        if (op.kind === 'recv' && op.status === 'eof') {
          op.status = 'failed';
          op.fault = RESET;
        }
        go(op);
      },
    }),
  },
  'takes a reset for the end of the stream': {
    law: 6,
    group: 'receive',
    change: () => ({
      ended: (op, go) => {
        if (op.kind === 'recv' && op.status === 'failed') {
          op.status = 'eof';
          op.fault = undefined;
        }
        go(op);
      },
    }),
  },
  'takes an empty datagram for an end': {
    law: 6,
    group: 'datagrams',
    change: () => ({
      ended: (op, go) => {
        if (op.kind === 'udpRecv' && op.status === 'done' && op.size === 0) op.status = 'eof';
        go(op);
      },
    }),
  },
  'cuts a datagram and does not say so': {
    law: 6,
    group: 'datagrams',
    change: () => ({
      ended: (op, go) => {
        if (op.kind === 'udpRecv') op.truncated = false;
        go(op);
      },
    }),
  },
  'tells a cancellation as a fault': {
    law: 6,
    group: 'accept',
    change: () => ({
      ended: (op, go) => {
        if (op.status === 'cancelled') {
          op.status = 'failed';
          op.fault = RESET;
        }
        go(op);
      },
    }),
  },
  'ignores deadlines': {
    law: 6,
    group: 'connect',
    change: () => ({
      submit: (op, go) => {
        op.deadlineMs = 0;
        go(op);
      },
    }),
  },
  'expires too early': {
    law: 6,
    group: 'receive',
    change: () => ({
      submit: (op, go) => {
        if (op.deadlineMs > 0) op.deadlineMs -= 10;
        go(op);
      },
    }),
  },
  'ignores cancel': { law: 1, group: 'timers', change: () => ({ cancel: ignore }) },
  'completes timers too early': {
    law: 1,
    group: 'timers',
    change: () => ({
      submit: (op, go) => {
        if (op.kind === 'timer') op.atMs -= 5;
        go(op);
        if (op.kind === 'timer') op.atMs += 5;
      },
    }),
  },
  'closes gracefully when told to reset': {
    law: 7,
    group: 'close',
    change: () => ({
      submit: (op, go) => {
        if (op.kind === 'close' && op.how === 'reset') op.how = 'graceful';
        go(op);
      },
    }),
  },
  'resets when told to close gracefully': {
    law: 7,
    group: 'close',
    change: () => ({
      submit: (op, go) => {
        if (op.kind === 'close' && op.how === 'graceful') op.how = 'reset';
        go(op);
      },
    }),
  },
  'sends no FIN on shutdown': {
    law: 7,
    group: 'close',
    change: (port) => ({
      submit: (op, go) => {
        if (op.kind !== 'shutdown') return go(op);
        op.status = 'pending';
        port.loop.post(() => finish(op, 'done'));
      },
    }),
  },
};
