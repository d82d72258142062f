import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import type { Rules } from './run.ts';

const STORM = 10_000;
const TASKS_PER_TURN_MAX = 1024; // The loop's.

/** What every port promises about tasks that are posted to its loop. */
export const wakeRules: Rules = {
  'posted tasks run in order, and not inside the call': async (kit) => {
    const order: number[] = [];
    for (let i = 0; i < 10; i += 1) assert.ok(kit.port.loop.post(() => order.push(i)));
    assert.deepEqual(order, []);
    await kit.until(() => order.length === 10, 'ten tasks');
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  },

  'a task may post another, which runs on a later turn': async (kit) => {
    const turns: number[] = [];
    const task = (): void => {
      turns.push(kit.port.loop.turn);
      if (turns.length < 4) kit.port.loop.post(task);
    };
    kit.port.loop.post(task);
    await kit.until(() => turns.length === 4, 'four tasks');
    assert.equal(new Set(turns).size, 4, `turns ${turns}`);
  },

  'what a worker posts wakes an idle loop': async (kit) => {
    let ran = 0;
    const worker = new Worker(`require('node:worker_threads').parentPort.postMessage('go')`, {
      eval: true,
    });
    await new Promise<void>((resolve) => {
      worker.once('message', () => {
        kit.port.loop.post(() => {
          ran += 1;
        });
        resolve();
      });
    });
    await kit.until(() => ran === 1, 'the task of the worker');
    await worker.terminate();
  },

  'a storm of posts runs in bounded turns, and lets timers through': async (kit) => {
    const perTurn = new Map<number, number>();
    let ran = 0;
    let timerAt = -1;
    const timer = kit.timer(0, {
      onComplete: () => {
        timerAt = ran;
      },
    });
    for (let i = 0; i < STORM; i += 1) {
      kit.port.loop.post(() => {
        ran += 1;
        perTurn.set(kit.port.loop.turn, (perTurn.get(kit.port.loop.turn) ?? 0) + 1);
      });
    }
    await kit.until(() => ran === STORM, 'the whole storm');
    assert.ok(Math.max(...perTurn.values()) <= TASKS_PER_TURN_MAX);
    await kit.ends(timer, 'done');
    assert.ok(timerAt <= 2 * TASKS_PER_TURN_MAX, `the timer came after ${timerAt} tasks`);
  },

  'a task that throws costs no other task its turn': async (kit) => {
    let ran = 0;
    kit.expectedUncaught = 1;
    kit.port.loop.post(() => {
      throw new Error('on purpose');
    });
    kit.port.loop.post(() => {
      ran += 1;
    });
    await kit.until(() => ran === 1, 'the second task');
  },

  'posting after the close is refused': async (kit) => {
    let ran = 0;
    kit.port.close();
    await kit.until(() => kit.port.closed, 'the end of close()');
    const task = (): void => {
      ran += 1;
    };
    assert.equal(kit.port.loop.post(task), false);
    await kit.settle();
    assert.equal(ran, 0);
  },
};
