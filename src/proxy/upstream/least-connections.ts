import type { Balancer } from './choice.ts';
import { pickCheapest } from './lowest-cost.ts';
import type { PeerState } from './peer-state.ts';

const inUseOf = (peer: PeerState): number => peer.inUse;

/** Fewest active per weight; those that have equally many take turns. */
export const leastConnections: Balancer = {
  pick: (set, choice) => pickCheapest(set, choice, inUseOf),
};
