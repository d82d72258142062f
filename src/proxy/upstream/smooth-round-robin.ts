import type { Balancer, Choice, PeerSet } from './choice.ts';
import type { PeerState } from './peer-state.ts';

/**
 * Smooth weighted round robin (nginx 52327e062): every choice adds each peer's effective weight to
 * its current one, takes the largest and subtracts the total from it. Weights of 5, 1 and 1 give
 * a a b a c a a.
 */
export const smoothRoundRobin: Balancer = {
  pick(set: PeerSet, choice: Choice): PeerState | undefined {
    const { peers } = set;
    let best: PeerState | undefined;
    let total = 0;
    for (let i = 0; i < peers.length; i += 1) {
      const peer = peers[i] as PeerState;
      if (!choice.allows(peer, set)) continue;
      total += advance(peer, choice.nowMs);
      if (best === undefined || peer.currentWeight > best.currentWeight) best = peer;
    }
    if (best !== undefined) best.currentWeight -= total;
    return best;
  },
};

/** Gives the peer its turn's weight, and back what a failure took, one by one. */
export function advance(peer: PeerState, nowMs: number): number {
  const gain = peer.effectiveWeight * peer.share(nowMs);
  peer.currentWeight += gain;
  if (peer.effectiveWeight < peer.weight) peer.effectiveWeight += 1;
  return gain;
}
