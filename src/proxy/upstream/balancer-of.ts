import type { Balancer } from './choice.ts';
import { ipHash } from './ip-hash.ts';
import { Ketama } from './ketama.ts';
import { keyHash } from './key-hash.ts';
import { leastConnections } from './least-connections.ts';
import { leastTime } from './least-time.ts';
import { peakEwma } from './peak-ewma.ts';
import { randomOne } from './random-one.ts';
import { randomTwo } from './random-two.ts';
import { smoothRoundRobin } from './smooth-round-robin.ts';
import type { BalanceConfig } from './upstream-config.ts';

/** The balancer that the configuration names. */
export function balancerOf(balance: BalanceConfig): Balancer {
  switch (balance.method) {
    case 'round-robin':
      return smoothRoundRobin;
    case 'least-conn':
      return leastConnections;
    case 'ip-hash':
      return ipHash;
    case 'random':
      return randomOne;
    case 'random-2':
      return randomTwo;
    case 'peak-ewma':
      return peakEwma;
    case 'least-time':
      return leastTime(balance.of);
    case 'hash':
      return balance.consistent ? new Ketama() : keyHash;
    default:
      return balance satisfies never;
  }
}
