import type { Balancer, Choice } from './choice.ts';
import { pickCheapest } from './lowest-cost.ts';
import type { PeerState } from './peer-state.ts';

const STEP_MS = 20;
const TIME_MS_MAX = 5_000;
const NEW_PART = 0.05;
const SHIFT_MAX = 31;

/** Which time counts: until the response's head, or until its last byte. */
export type LeastTimeOf = 'head' | 'response';

/**
 * nginx's least_time (1.31.0): the shortest estimate of what the peer still has to do, average
 * time × (1 + active) / weight.
 */
export function leastTime(of: LeastTimeOf): Balancer {
  const costOf =
    of === 'head'
      ? (peer: PeerState, choice: Choice) => estimate(peer, peer.headMs, choice.nowS)
      : (peer: PeerState, choice: Choice) => estimate(peer, peer.responseMs, choice.nowS);
  return { pick: (set, choice) => pickCheapest(set, choice, costOf) };
}

function estimate(peer: PeerState, averageMs: number, nowS: number): number {
  let ms = averageMs;
  const unusedS = nowS - peer.checkedS;
  if (unusedS > peer.failTimeoutS) {
    // Half for each pause without a request: a slow peer gets another chance.
    const shift = Math.floor(unusedS / (peer.failTimeoutS + 1));
    ms = shift > SHIFT_MAX ? 0 : Math.floor(ms / 2 ** shift);
  }
  // Steps let peers take turns that are about as fast; slower than the limit is equally bad.
  ms = ms > TIME_MS_MAX ? TIME_MS_MAX : ms + STEP_MS - (ms % STEP_MS);
  return ms * (1 + peer.inUse);
}

/** Takes another sample into a moving average of whole milliseconds; 0 is not known. */
export function movingAverage(averageMs: number, sampleMs: number): number {
  if (averageMs === 0) return Math.round(sampleMs);
  return Math.floor(0.5 + sampleMs * NEW_PART + averageMs * (1 - NEW_PART));
}
