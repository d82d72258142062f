import type { Endpoint } from '../../core/endpoint.ts';
import type { PoolKey } from './pool-key.ts';
import type { ServerConfig } from './upstream-config.ts';

/** Long before any clock begins, in seconds: what never happened happened then. */
const NEVER_S = -(2 ** 30);
/** A server in slow start begins with this share of its weight. */
const SHARE_MIN = 0.01;

/**
 * One address of a group and everything that is known about it. The balancers read and write the
 * fields, so that a choice allocates nothing. Times are on the group's clock; those of passive
 * health count whole seconds, as nginx's do.
 */
export class PeerState {
  /** Its place in the group's table, for as long as it lives. */
  readonly index: number;
  readonly server: ServerConfig;
  readonly endpoint: Endpoint;
  /** What connections of this peer may be shared by. */
  readonly poolKey: PoolKey;
  /** Both may change with the answers to a look-up of services. */
  weight: number;
  backup: boolean;
  readonly failTimeoutS: number;
  /** Of the smooth round robin: falls with failures, and comes back one by one. */
  effectiveWeight: number;
  currentWeight = 0;
  /** Failures that count now. */
  fails = 0;
  /** When the current round of trials began: the last failure, or the probe after a pause. */
  checkedS: number = NEVER_S;
  failedS: number = NEVER_S;
  /** Exchanges or connections in use. */
  active = 0;
  /** Those in other processes, when they were last looked at. */
  elsewhere = 0;
  /** Where processes have it in common; 0: they do not. */
  place = 0;
  /** The active checks say no. */
  checkedDown = false;
  /** There was no way to it when its name was looked up. */
  unroutable = false;
  /** What requests are bound to it by; '' for nothing. */
  route: string;
  /** It is no longer part of the group; the last release frees its place. */
  gone = false;
  /** When slow start began; negative when its weight is whole. */
  #rampFromMs = -1;
  /** Averages that `least-time` compares, whole milliseconds; 0 is not known. */
  headMs = 0;
  responseMs = 0;
  /** What `peak-ewma` compares, as of `latencyAtMs`; 0 is not known. */
  latencyMs = 0;
  latencyAtMs = 0;
  /** Counted for as long as it lives. */
  readonly counters: PeerCounters = { requests: 0, succeeded: 0, failed: 0 };

  constructor(index: number, fields: PeerFields) {
    const { server, endpoint, weight, backup, poolKey } = fields;
    this.index = index;
    this.server = server;
    this.endpoint = endpoint;
    this.weight = weight;
    this.backup = backup;
    this.poolKey = poolKey;
    this.effectiveWeight = weight;
    this.route = server.route ?? '';
    this.failTimeoutS = Math.ceil(server.failTimeoutMs / 1000);
  }

  /**
   * May requests go to it now? `alone`: it is all that the group has, so failures do not count.
   * `isBound`: the request is bound to it.
   */
  isUsable(nowS: number, alone: boolean, isBound = false): boolean {
    const { down, maxConns, drain } = this.server;
    if (down || this.checkedDown || (drain === true && !isBound)) return false;
    if (maxConns > 0 && this.inUse >= maxConns) return false;
    return alone || !this.isPaused(nowS);
  }

  /** Exchanges or connections in use, in all processes. */
  get inUse(): number {
    return this.active + this.elsewhere;
  }

  /** Has it failed too often, too lately? */
  isPaused(nowS: number): boolean {
    return this.hasFailed && nowS - this.checkedS <= this.failTimeoutS;
  }

  /** Has it failed as often as its server may? Only a success, or a check, ends that. */
  get hasFailed(): boolean {
    const { maxFails } = this.server;
    return maxFails > 0 && this.fails >= maxFails;
  }

  /** Weight for a choice at this moment: less while the peer starts slowly. */
  weightAt(nowMs: number): number {
    return this.#rampFromMs < 0 ? this.weight : this.weight * this.share(nowMs);
  }

  /** How much of its weight it has: from 0.01 up to 1 at the end of slow start. */
  share(nowMs: number): number {
    if (this.#rampFromMs < 0) return 1;
    const part = (nowMs - this.#rampFromMs) / this.server.slowStartMs;
    if (part < 1) return Math.max(part, SHARE_MIN);
    this.#rampFromMs = -1;
    return 1;
  }

  startSlowly(nowMs: number): void {
    if (this.server.slowStartMs > 0) this.#rampFromMs = nowMs;
  }

  /** It stays, with another weight or role. */
  reassign(weight: number, backup: boolean): void {
    if (weight !== this.weight) this.effectiveWeight = weight;
    this.weight = weight;
    this.backup = backup;
  }

  forgetFailures(): void {
    this.fails = 0;
    this.checkedS = NEVER_S;
    this.failedS = NEVER_S;
    this.effectiveWeight = this.weight;
  }
}

/** What a peer is made from. */
export type PeerFields = {
  readonly server: ServerConfig;
  readonly endpoint: Endpoint;
  readonly weight: number;
  readonly backup: boolean;
  readonly poolKey: PoolKey;
};

/** What became of the requests that went to a peer. */
export type PeerCounters = { requests: number; succeeded: number; failed: number };
