import type { Clock } from '../../core/clock.ts';
import { InvariantError } from '../../core/invariant-error.ts';
import { type Destination, type PoolKey, PoolKeys } from './pool-key.ts';

const NONE = -1;

/** A connection as a pool sees it. */
export interface Poolable {
  /** Is it as good as new: whole messages both ways, nothing left over, no error? */
  readonly reusable: boolean;
  /** Exchanges that it has served. */
  readonly exchanges: number;
  /** When it was opened, on the pool's clock. */
  readonly openedMs: number;
  /** Waits without an exchange; the pool hears of its end. */
  rest(): void;
  destroy(): void;
}

export type PoolLimits = {
  /** Idle connections, all destinations together; 0 keeps none. */
  readonly idle: number;
  /** Idle connections to one destination. */
  readonly idlePerPeer: number;
  /** Exchanges after which a connection is closed. */
  readonly requests: number;
  /** Age at which it is closed behind an exchange; one that is idle by then has one more. */
  readonly ageMs: number;
  /** How long a connection may be idle. */
  readonly idleMs: number;
};

/** nginx's numbers. */
export const POOL_LIMITS: PoolLimits = {
  idle: 32,
  idlePerPeer: 32,
  requests: 1000,
  ageMs: 3_600_000,
  idleMs: 60_000,
};

/** What became of the connections: counted for the pool's whole life. */
export type PoolCounters = {
  /** Taken out, and asked for in vain. */
  hits: number;
  misses: number;
  kept: number;
  /** Not kept: not reusable, or at one of the limits of requests and age. */
  refused: number;
  /** Closed for the sake of a newer one. */
  evicted: number;
  /** Too old, or idle for too long, when they were looked at. */
  expired: number;
  /** Ended by the server while they were idle. */
  lost: number;
};

/**
 * Idle connections by destination. Of one destination the one used last is used next; of all of
 * them the one that has been idle longest goes first.
 *
 *   slots     0   1   2   3        each holds one connection and is in two lists:
 *   all       oldest → … → newest  in the order in which they came
 *   of a key  oldest → … → newest  the same, for one destination
 */
export class UpstreamPool<Connection extends Poolable> {
  readonly keys: PoolKeys = new PoolKeys();
  readonly counters: PoolCounters = {
    hits: 0,
    misses: 0,
    kept: 0,
    refused: 0,
    evicted: 0,
    expired: 0,
    lost: 0,
  };
  readonly #limits: PoolLimits;
  readonly #clock: Clock;
  readonly #connections: (Connection | undefined)[] = [];
  readonly #keyOf: (PoolKey | undefined)[] = [];
  readonly #sinceMs: number[] = [];
  readonly #older: number[] = [];
  readonly #newer: number[] = [];
  readonly #olderOfKey: number[] = [];
  readonly #newerOfKey: number[] = [];
  readonly #free: number[] = [];
  #oldest = NONE;
  #newest = NONE;
  #idle = 0;
  #closed = false;

  constructor(limits: PoolLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get idle(): number {
    return this.#idle;
  }

  /** The key under which connections to `destination` are kept, until it is closed. */
  open(destination: Destination): PoolKey {
    return this.keys.open(destination);
  }

  /** Gives a key up. The last holder's close ends its idle connections. */
  close(key: PoolKey): void {
    if (!this.keys.close(key)) return;
    while (key.newest !== NONE) this.#remove(key.newest).destroy();
  }

  /** A connection that may be used at once, the one that was used last. */
  take(key: PoolKey): Connection | undefined {
    while (key.newest !== NONE) {
      const slot = key.newest;
      const sinceMs = this.#sinceMs[slot] as number;
      const connection = this.#remove(slot);
      if (connection.reusable && this.#isFresh(sinceMs)) {
        this.counters.hits += 1;
        return connection;
      }
      this.counters.expired += 1;
      connection.destroy();
    }
    this.counters.misses += 1;
    return undefined;
  }

  /** Keeps a connection whose exchange has ended well; closes it where it is not to be kept. */
  give(key: PoolKey, connection: Connection): void {
    const nowMs = this.#clock.nowMs();
    if (!this.#mayKeep(key, connection, nowMs)) {
      this.counters.refused += 1;
      connection.destroy();
      return;
    }
    if (key.idle >= this.#limits.idlePerPeer) this.#evict(key.oldest);
    if (this.#idle >= this.#limits.idle) this.#evict(this.#oldest);
    this.#add(key, connection, nowMs);
    this.counters.kept += 1;
    connection.rest();
  }

  /** For connections: one that was idle has ended by itself. */
  idleConnectionGone(connection: Connection): void {
    const slot = this.#connections.indexOf(connection);
    if (slot < 0) return;
    this.#remove(slot);
    this.counters.lost += 1;
  }

  /** Closes what is idle, and from now on whatever is given. */
  retire(): void {
    this.#closed = true;
    while (this.#oldest !== NONE) this.#remove(this.#oldest).destroy();
  }

  #mayKeep(key: PoolKey, connection: Connection, nowMs: number): boolean {
    const { idle, idlePerPeer, requests, ageMs } = this.#limits;
    if (this.#closed || key.holders === 0 || idle === 0 || idlePerPeer === 0) return false;
    if (!connection.reusable || connection.exchanges >= requests) return false;
    return nowMs - connection.openedMs < ageMs;
  }

  #isFresh(sinceMs: number): boolean {
    return this.#clock.nowMs() - sinceMs < this.#limits.idleMs;
  }

  #evict(slot: number): void {
    this.counters.evicted += 1;
    this.#remove(slot).destroy();
  }

  #add(key: PoolKey, connection: Connection, nowMs: number): void {
    const slot = this.#free.pop() ?? this.#connections.length;
    this.#connections[slot] = connection;
    this.#keyOf[slot] = key;
    this.#sinceMs[slot] = nowMs;
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
    this.#olderOfKey[slot] = key.newest;
    this.#newerOfKey[slot] = NONE;
    if (key.newest === NONE) key.oldest = slot;
    else this.#newerOfKey[key.newest] = slot;
    key.newest = slot;
    key.idle += 1;
    this.#idle += 1;
  }

  /** Takes the connection of a slot out of both lists. */
  #remove(slot: number): Connection {
    const connection = this.#connections[slot];
    const key = this.#keyOf[slot];
    if (connection === undefined || key === undefined) throw new InvariantError('an empty slot');
    const older = this.#older[slot] as number;
    const newer = this.#newer[slot] as number;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    const olderOfKey = this.#olderOfKey[slot] as number;
    const newerOfKey = this.#newerOfKey[slot] as number;
    if (olderOfKey === NONE) key.oldest = newerOfKey;
    else this.#newerOfKey[olderOfKey] = newerOfKey;
    if (newerOfKey === NONE) key.newest = olderOfKey;
    else this.#olderOfKey[newerOfKey] = olderOfKey;
    this.#connections[slot] = undefined;
    this.#keyOf[slot] = undefined;
    this.#free.push(slot);
    key.idle -= 1;
    this.#idle -= 1;
    return connection;
  }
}
