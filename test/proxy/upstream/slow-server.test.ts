import test from 'ava';
import { SimProactor, SimRandom, SimWorld } from '../../../adapters/sim/index.ts';
import { timerOperation } from '../../../src/core/operations.ts';
import {
  type BalanceOption,
  UpstreamGroup,
  upstreamConfig,
} from '../../../src/proxy/upstream/index.ts';
import { servers } from './hand-clock.ts';

const FAST_MS = 10;
const SLOW_MS = 100;
const SLOW_FROM_MS = 5_000;
const EVERY_MS = 2;

/** Requests that the server which turns slow gets, second by second. */
function requestsPerSecond(balance: BalanceOption, count: number, seed: number): number[] {
  const world = new SimWorld({ seed });
  const port = new SimProactor(world.local);
  const config = upstreamConfig('u', { servers: servers(count), balance });
  const random = new SimRandom(seed).fork('balance');
  const group = new UpstreamGroup(config, { clock: port.loop, random });
  const picked: number[] = [];
  const request = (): void => {
    const startMs = port.loop.nowMs();
    const index = group.pick({ clientAddress: '', hashKey: '' }, []);
    group.acquire(index);
    if (index === 0) {
      const second = Math.floor(startMs / 1000);
      picked[second] = (picked[second] ?? 0) + 1;
    }
    const latencyMs = index === 0 && startMs >= SLOW_FROM_MS ? SLOW_MS : FAST_MS;
    const answer = timerOperation(() => {
      const tookMs = port.loop.nowMs() - startMs;
      group.sampled(index, tookMs, tookMs);
      group.succeeded(index);
      group.release(index);
    });
    answer.atMs = startMs + latencyMs;
    port.submit(answer);
    const next = timerOperation(request);
    next.atMs = startMs + EVERY_MS;
    if (next.atMs < 10_000) port.submit(next);
  };
  request();
  world.run();
  return Array.from({ length: 10 }, (_, second) => picked[second] ?? 0);
}

for (const count of [2, 3, 8]) {
  test(`peak EWMA moves 90 % of its load off one of ${count} servers that turns ten times slower, within 2 s`, (t) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const perSecond = requestsPerSecond('peak-ewma', count, seed);
      const before = perSecond[4] as number;
      t.true(before > 0.7 * (1000 / EVERY_MS / count), `it had its share: ${perSecond}`);
      for (const second of [7, 8]) {
        t.true((perSecond[second] as number) <= 0.1 * before, `seed ${seed}: ${perSecond}`);
      }
    }
  });
}

test('round robin, by contrast, does not see it', (t) => {
  const perSecond = requestsPerSecond('round-robin', 2, 1);
  t.is(perSecond[8], perSecond[4]);
});
