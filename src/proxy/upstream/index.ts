export { ActiveChecks } from './active-checks.ts';
export type { RequestFacts } from './choice.ts';
export { type GroupObserver, type PeerEvent, UpstreamGroup } from './group.ts';
export { PEERS_MAX, PLACES_MAX, type ResolvedAddress } from './members.ts';
export type { PeerBoard } from './peer-board.ts';
export type { PeerCounters, PeerState } from './peer-state.ts';
export type { Destination, PoolKey } from './pool-key.ts';
export type { UpstreamConfig } from './upstream-config.ts';
export {
  type BalanceOption,
  type HealthOptions,
  SERVERS_MAX,
  type UpstreamOptions,
  type UpstreamServer,
  upstreamConfig,
  WEIGHT_MAX,
} from './upstream-options.ts';
export {
  POOL_LIMITS,
  type Poolable,
  type PoolCounters,
  type PoolLimits,
  UpstreamPool,
} from './upstream-pool.ts';
