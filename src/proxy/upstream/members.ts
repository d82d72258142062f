import type { Endpoint } from '../../core/endpoint.ts';
import { InvariantError } from '../../core/invariant-error.ts';
import { PeerSet } from './choice.ts';
import type { PeerBoard } from './peer-board.ts';
import { PeerState } from './peer-state.ts';
import type { Destination, PoolKey } from './pool-key.ts';
import type { ServerConfig, UpstreamConfig } from './upstream-config.ts';

/** Addresses that a group may have at one time. */
export const PEERS_MAX: number = 1024;
/** Places in the table: besides the peers, those that have left and are still in use. */
export const PLACES_MAX: number = 2 * PEERS_MAX;

const NOT_EMPTY = -1;

/** One address from a look-up; weight and role where the answer says so, as SRV records do. */
export type ResolvedAddress = {
  readonly endpoint: Endpoint;
  /** Of the server behind it, for the hashes, where the group's own name stands for several. */
  readonly name?: string;
  readonly weight?: number;
  readonly backup?: boolean;
  /** This machine has no way there now: a backup, and no company for who is alone. */
  readonly unroutable?: boolean;
};

/** Where the keys of peers come from: the group's pool. */
export interface KeySource {
  open(destination: Destination): PoolKey;
  close(key: PoolKey): void;
}

/** The peers of a group: those of numeric servers from the start, of names as they are looked up. */
export class Members {
  readonly #config: UpstreamConfig;
  readonly #keys: KeySource;
  readonly #board: PeerBoard | undefined;
  readonly #places: (PeerState | undefined)[] = [];
  readonly #free: number[] = [];
  /** The peers of each configured server. */
  readonly #ofServer: PeerState[][];
  /** Since when look-ups of a server find nothing. */
  readonly #emptySinceMs: number[];
  /** Told after the peers have changed. */
  readonly watchers: Set<() => void> = new Set();
  primaries: PeerSet = new PeerSet([], false);
  backups: PeerSet = new PeerSet([], false);

  /** `board`: where other processes find the same peers. */
  constructor(config: UpstreamConfig, keys: KeySource, board?: PeerBoard) {
    this.#board = board;
    this.#config = config;
    this.#keys = keys;
    this.#emptySinceMs = config.servers.map(() => NOT_EMPTY);
    this.#ofServer = config.servers.map((server, index) =>
      server.endpoint === undefined ? [] : [this.#enter(index, { endpoint: server.endpoint })],
    );
    this.#arrange();
  }

  /** All peers that are members now. */
  get all(): readonly PeerState[] {
    return this.#ofServer.flat();
  }

  /** Where the peers of a server are, as a look-up would say it. */
  addressesOf(server: number): readonly ResolvedAddress[] {
    return (this.#ofServer[server] ?? []).map((peer) => {
      const { endpoint, weight, unroutable, backup } = peer;
      const { name } = peer.server;
      return { endpoint, name, weight, unroutable, backup: backup && !unroutable };
    });
  }

  /** Places that are taken, by members and by those that have left but are in use. */
  get places(): number {
    return this.#places.length - this.#free.length;
  }

  peer(index: number): PeerState {
    const peer = this.#places[index];
    if (peer === undefined) throw new InvariantError(`no peer has the index ${index}`);
    return peer;
  }

  /**
   * What a look-up of a server's name has found. Peers that stay keep their state. An empty answer
   * is not believed until it has been the same for `holdMs`: `false`, nothing has changed. `isHeld`:
   * whoever tells has waited for that. Throws `RangeError`, and changes nothing, when it would be
   * too many.
   */
  resolved(
    server: number,
    addresses: readonly ResolvedAddress[],
    nowMs: number,
    isHeld = false,
  ): boolean {
    const old = this.#ofServer[server];
    if (old === undefined) throw new InvariantError(`no server has the index ${server}`);
    if (addresses.length === 0 && !isHeld && !this.#believesEmpty(server, nowMs)) return false;
    if (addresses.length > 0) this.#emptySinceMs[server] = NOT_EMPTY;
    const wanted = distinct(addresses);
    this.#checkRoom(wanted, old);
    const config = this.#config.servers[server] as ServerConfig;
    const stays = new Set<PeerState>();
    const peers = wanted.map((address) => {
      const known = old.find(({ endpoint }) => isSame(endpoint, address.endpoint));
      if (known === undefined) return this.#enter(server, address);
      known.reassign(weightOf(config, address), isBackup(config, address));
      known.unroutable = address.unroutable ?? false;
      stays.add(known);
      return known;
    });
    this.#ofServer[server] = peers;
    // The set is whole before anyone leaves it: no choice sees half of a change.
    this.#arrange();
    for (const peer of old) if (!stays.has(peer)) this.#leave(peer);
    for (const watcher of this.watchers) watcher();
    return true;
  }

  /** A use of the peer has ended: it may have been what kept its place. */
  freeIfUnused(peer: PeerState): void {
    if (!peer.gone || peer.active > 0 || this.#places[peer.index] !== peer) return;
    this.#board?.leave(peer);
    this.#places[peer.index] = undefined;
    this.#free.push(peer.index);
  }

  #believesEmpty(server: number, nowMs: number): boolean {
    const sinceMs = this.#emptySinceMs[server] as number;
    if (sinceMs === NOT_EMPTY) this.#emptySinceMs[server] = nowMs;
    const waitedMs = sinceMs === NOT_EMPTY ? 0 : nowMs - sinceMs;
    return waitedMs >= this.#config.holdMs;
  }

  #checkRoom(wanted: readonly ResolvedAddress[], old: readonly PeerState[]): void {
    const after = this.all.length - old.length + wanted.length;
    if (after > PEERS_MAX) {
      throw new RangeError(`upstream "${this.#config.name}": over ${PEERS_MAX} addresses`);
    }
    const fresh = wanted.filter(
      ({ endpoint }) => !old.some((peer) => isSame(peer.endpoint, endpoint)),
    );
    if (this.places + fresh.length > PLACES_MAX) {
      throw new RangeError(`upstream "${this.#config.name}": too many old addresses are in use`);
    }
  }

  /** `number`: of the configured server. */
  #enter(number: number, address: ResolvedAddress): PeerState {
    const configured = this.#config.servers[number] as ServerConfig;
    const { endpoint, name } = address;
    const server = name === undefined ? configured : { ...configured, name };
    const { scheme } = server;
    const { address: host, port } = endpoint;
    const key = this.#keys.open({ ...this.#config.destination, scheme, address: host, port });
    const index = this.#free.pop() ?? this.#places.length;
    const weight = weightOf(server, address);
    const backup = isBackup(server, address);
    const peer = new PeerState(index, { server, endpoint, weight, backup, poolKey: key });
    peer.unroutable = address.unroutable ?? false;
    this.#places[index] = peer;
    this.#board?.join(peer, `${this.#config.name} ${number} ${endpoint.family} ${host} ${port}`);
    return peer;
  }

  #leave(peer: PeerState): void {
    peer.gone = true;
    this.#keys.close(peer.poolKey);
    this.freeIfUnused(peer);
  }

  #arrange(): void {
    const all = this.all;
    this.primaries = new PeerSet(
      all.filter(({ backup }) => !backup),
      all.length === 1 || all.filter(({ unroutable }) => !unroutable).length === 1,
    );
    this.backups = new PeerSet(
      all.filter(({ backup }) => backup),
      false,
    );
  }
}

function weightOf(server: ServerConfig, address: ResolvedAddress): number {
  // RFC 2782: a weight of 0 is the smallest, not none.
  return Math.max(1, address.weight ?? server.weight);
}

function isBackup(server: ServerConfig, { unroutable, backup }: ResolvedAddress): boolean {
  return unroutable || (backup ?? server.backup);
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.address === b.address && a.port === b.port && a.family === b.family;
}

function distinct(addresses: readonly ResolvedAddress[]): ResolvedAddress[] {
  return addresses.filter(
    ({ endpoint }, index) =>
      addresses.findIndex((other) => isSame(other.endpoint, endpoint)) === index,
  );
}
