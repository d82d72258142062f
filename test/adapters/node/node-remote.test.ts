import { Worker } from 'node:worker_threads';
import test from 'ava';
import { nodePort } from '../../../adapters/node/node-port.ts';
import { NodeRemote } from '../../../adapters/node/node-remote.ts';

const WORKER = `
  const { workerData } = require('node:worker_threads');
  for (let i = 1; i <= 3; i += 1) workerData.postMessage(i);
  workerData.close();
`;

test('what a worker posts wakes an idle loop, in order, on its turns', async (t) => {
  const port = nodePort();
  const seen: number[] = [];
  const turns: number[] = [];
  await new Promise<void>((resolve) => {
    const remote = new NodeRemote<number>(port.loop, (message) => {
      seen.push(message);
      turns.push(port.loop.turn);
      if (seen.length < 3) return;
      remote.close();
      resolve();
    });
    new Worker(WORKER, { eval: true, workerData: remote.far, transferList: [remote.far] });
  });
  t.deepEqual(seen, [1, 2, 3]);
  t.true(turns.every((turn) => turn > 0));
  await new Promise<void>((resolve) => port.close(resolve));
});
