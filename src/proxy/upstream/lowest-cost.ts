import type { Choice, PeerSet } from './choice.ts';
import type { PeerState } from './peer-state.ts';
import { advance } from './smooth-round-robin.ts';

/** What a peer costs now, before its weight divides it. */
export type CostOf = (peer: PeerState, choice: Choice) => number;

/** The peer of the lowest cost per weight; those that cost the same take turns, smoothly. */
export function pickCheapest(set: PeerSet, choice: Choice, costOf: CostOf): PeerState | undefined {
  const { peers } = set;
  const { nowMs } = choice;
  let best: PeerState | undefined;
  let bestCost = 0;
  let bestWeight = 1;
  let first = 0;
  let many = false;
  for (let i = 0; i < peers.length; i += 1) {
    const peer = peers[i] as PeerState;
    if (!choice.allows(peer, set)) continue;
    const cost = costOf(peer, choice);
    const weight = peer.weightAt(nowMs);
    // Multiplied crosswise: whole numbers stay whole, and equal is equal.
    if (best === undefined || cost * bestWeight < bestCost * weight) {
      best = peer;
      bestCost = cost;
      bestWeight = weight;
      first = i;
      many = false;
    } else if (cost * bestWeight === bestCost * weight) many = true;
  }
  if (best === undefined || !many) return best;
  let total = 0;
  for (let i = first; i < peers.length; i += 1) {
    const peer = peers[i] as PeerState;
    if (!choice.allows(peer, set)) continue;
    if (costOf(peer, choice) * bestWeight !== bestCost * peer.weightAt(nowMs)) continue;
    total += advance(peer, nowMs);
    if (peer.currentWeight > best.currentWeight) best = peer;
  }
  best.currentWeight -= total;
  return best;
}
