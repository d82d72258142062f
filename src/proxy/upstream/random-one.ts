import { type Balancer, type Choice, type PeerSet, TRIES_MAX } from './choice.ts';
import type { PeerState } from './peer-state.ts';
import { smoothRoundRobin } from './smooth-round-robin.ts';

/** A peer by chance, as often as its weight says; in turn, where chance does not hit a usable one. */
export const randomOne: Balancer = {
  pick(set: PeerSet, choice: Choice): PeerState | undefined {
    if (set.peers.length < 2) return smoothRoundRobin.pick(set, choice);
    for (let tries = 0; tries <= TRIES_MAX; tries += 1) {
      const peer = set.at(choice.randomBelow(set.totalWeight));
      if (choice.allows(peer, set)) return peer;
    }
    return smoothRoundRobin.pick(set, choice);
  },
};
