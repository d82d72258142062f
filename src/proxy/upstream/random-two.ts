import { type Balancer, type Choice, type PeerSet, TRIES_MAX } from './choice.ts';
import type { PeerState } from './peer-state.ts';
import { smoothRoundRobin } from './smooth-round-robin.ts';

/**
 * The power of two choices (Mitzenmacher 2001), as nginx's `random two`: two weighted picks by
 * chance, and the one with fewer active per weight.
 */
export const randomTwo: Balancer = {
  pick(set: PeerSet, choice: Choice): PeerState | undefined {
    if (set.peers.length < 2) return smoothRoundRobin.pick(set, choice);
    let first: PeerState | undefined;
    for (let tries = 0; tries <= TRIES_MAX; tries += 1) {
      const peer = set.at(choice.randomBelow(set.totalWeight));
      if (peer === first || !choice.allows(peer, set)) continue;
      if (first === undefined) first = peer;
      else return peer.inUse * first.weight > first.inUse * peer.weight ? first : peer;
    }
    return smoothRoundRobin.pick(set, choice);
  },
};
