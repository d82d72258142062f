import type { MessageHead } from '../../http/message-head.ts';
import type { UpstreamTimeouts } from '../proxy-config.ts';
import type { LeastTimeOf } from './least-time.ts';
import type { Destination } from './pool-key.ts';
import type { ServerAddress } from './server-url.ts';
import type { PoolLimits } from './upstream-pool.ts';

/** One server of a group, with everything filled in. */
export type ServerConfig = ServerAddress & {
  readonly weight: number;
  /** Somebody has given the weight: that of a service's record does not count. */
  readonly weighted?: boolean;
  /** Asked only when no other server can be. */
  readonly backup: boolean;
  readonly down: boolean;
  /** Active at once; 0 is any number. */
  readonly maxConns: number;
  /** Failures before it is left alone for a while; 0 is any number. */
  readonly maxFails: number;
  /** Both the time within which failures count and that of the pause, in whole seconds. */
  readonly failTimeoutMs: number;
  readonly slowStartMs: number;
  /** SRV records of this service say its ports, whatever the group says. */
  readonly service?: string;
  /** Only requests that are bound to it go there. */
  readonly drain?: boolean;
  /** What requests are bound to it by; otherwise somebody makes it up. */
  readonly route?: string;
};

/** How a peer is chosen. */
export type BalanceConfig =
  | {
      readonly method:
        | 'round-robin'
        | 'least-conn'
        | 'ip-hash'
        | 'random'
        | 'random-2'
        | 'peak-ewma';
    }
  | { readonly method: 'least-time'; readonly of: LeastTimeOf }
  | { readonly method: 'hash'; readonly consistent: boolean };

/** Active checks: HTTP where there is a `uri`, else whether a connection can be had. */
export type HealthConfig = {
  readonly uri: string | undefined;
  /** The Host field of a check; `undefined`: the server's name. */
  readonly host: string | undefined;
  readonly intervalMs: number;
  /** For connecting and the whole answer together. */
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** Is this answer good? Without it, 2xx and 3xx are. Nothing of the head may be kept. */
  readonly accept: ((head: MessageHead) => boolean) | undefined;
};

export type RetryCondition =
  | 'error'
  | 'timeout'
  | 'invalid-header'
  | 'non-idempotent'
  | 403
  | 404
  | 429
  | 500
  | 502
  | 503
  | 504;

export type RetryConfig = {
  readonly on: readonly RetryCondition[];
  /** Peers that one request may try; 0: every peer once. */
  readonly tries: number;
  /** For all attempts and the waits between them, in milliseconds; 0 is for ever. */
  readonly budgetMs: number;
};

/** What all connections of the group have in common, TLS and the like. */
export type DestinationDefaults = Omit<Destination, 'address' | 'port' | 'scheme'>;

/** A group of servers as frozen data: `upstreamConfig` makes it and fills it up. */
export type UpstreamConfig = {
  readonly name: string;
  readonly servers: readonly ServerConfig[];
  readonly balance: BalanceConfig;
  readonly pool: PoolLimits;
  readonly health: HealthConfig | undefined;
  readonly retry: RetryConfig;
  readonly timeouts: UpstreamTimeouts;
  /**
   * Names are followed all the time; `false`: looked up when requests need them. `service`: their
   * SRV records say the ports (RFC 2782).
   */
  readonly resolve: boolean | { readonly service: string };
  /** How long an empty answer to a look-up is not believed. */
  readonly holdMs: number;
  /** Names that are followed are looked up this often at most, whatever their TTL. */
  readonly lookupMs?: number;
  readonly destination: DestinationDefaults;
};

/** The same text means the same group: what is known of its servers may be kept. */
export function signatureOf(config: UpstreamConfig): string {
  return JSON.stringify(config, (_, value: unknown) =>
    typeof value === 'function' ? String(value) : value,
  );
}
