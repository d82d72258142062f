import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { balancerOf } from './balancer-of.ts';
import { type Balancer, Choice, type RequestFacts } from './choice.ts';
import { movingAverage } from './least-time.ts';
import { Members, type ResolvedAddress } from './members.ts';
import { sampleLatency } from './peak-ewma.ts';
import { loadPeers, type PeerBoard, storePeers } from './peer-board.ts';
import type { PeerState } from './peer-state.ts';
import { type RetryCondition, signatureOf, type UpstreamConfig } from './upstream-config.ts';
import { type Poolable, UpstreamPool } from './upstream-pool.ts';

/**
 * What happens to a peer. `paused`: it has failed too often (nginx's "temporarily disabled"), said
 * at each failure; `recovered`: its probe went well; `down`, `up`: the active checks have decided.
 */
export type PeerEvent = 'paused' | 'recovered' | 'down' | 'up';

/** Told what happens to the peers of a group: for logs. */
export type GroupObserver = (group: string, peer: PeerState, event: PeerEvent) => void;

export type GroupParts<Connection extends Poolable> = {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: GroupObserver | undefined;
  /** Where other processes know the same of the peers; without it, this process is alone. */
  readonly board?: PeerBoard | undefined;
  /** The group of the same name that this one replaces: taken over where the options are equal. */
  readonly previous?: UpstreamGroup<Connection> | undefined;
};

const NOBODY: RequestFacts = { clientAddress: '', hashKey: '' };

/**
 * The servers of one upstream: which of them a request goes to, and what is known of them. For each
 * attempt, in this order:
 *
 *   pick → acquire → succeeded (and sampled), or failed, or neither → release
 *
 * A peer is named by its index, which holds from `acquire` to `release`. Nothing here allocates.
 */
export class UpstreamGroup<Connection extends Poolable = Poolable> {
  readonly config: UpstreamConfig;
  /** Does it go on with what its predecessor knew? */
  readonly adopted: boolean;
  readonly members: Members;
  readonly pool: UpstreamPool<Connection>;
  /** What requests are repeated for. */
  readonly retriedOn: ReadonlySet<RetryCondition>;
  readonly #signature: string;
  readonly #balancer: Balancer;
  /** One of their own: a ring is made for one set of peers. */
  readonly #backupBalancer: Balancer;
  readonly #clock: Clock;
  readonly #observer: GroupObserver | undefined;
  readonly #choice: Choice;
  readonly #board: PeerBoard | undefined;
  readonly #originMs: number;
  /** Chosen, and counted as used for others to see; not acquired yet. */
  #reserved: PeerState | undefined;
  #handedOver = false;

  constructor(config: UpstreamConfig, parts: GroupParts<Connection>) {
    const { clock, random, observer, board, previous } = parts;
    this.config = config;
    this.retriedOn = new Set(config.retry.on);
    this.#clock = clock;
    this.#observer = observer;
    this.#board = board;
    this.#originMs = board?.originMs ?? 0;
    this.#choice = new Choice(random);
    this.#signature = signatureOf(config);
    if (previous !== undefined && previous.#signature === this.#signature) {
      // Exchanges in flight go on to report to the old group: both have the same peers.
      this.adopted = true;
      this.pool = previous.pool;
      this.members = previous.members;
      this.#balancer = previous.#balancer;
      this.#backupBalancer = previous.#backupBalancer;
      previous.#handedOver = true;
      return;
    }
    this.adopted = false;
    this.pool = new UpstreamPool<Connection>(config.pool, clock);
    this.members = new Members(config, this.pool, board);
    this.#balancer = balancerOf(config.balance);
    this.#backupBalancer = balancerOf(config.balance);
    this.#balancer.prepare?.(this.members.primaries);
  }

  /** Peers that one request may try, each of them once: never less than 1. */
  get triesMax(): number {
    const { primaries, backups } = this.members;
    let peers = 0;
    for (const { server } of primaries.peers) if (!server.down) peers += 1;
    for (const { server } of backups.peers) if (!server.down) peers += 1;
    const { tries } = this.config.retry;
    return Math.max(1, tries === 0 ? peers : Math.min(tries, peers));
  }

  peer(index: number): PeerState {
    return this.members.peer(index);
  }

  /** The peer for an attempt, none of the first `count` of `tried`; -1: there is no live one. */
  pick(facts: RequestFacts, tried: readonly number[], count: number = tried.length): number {
    const board = this.#board;
    this.#choice.fill(facts, tried, count, this.#nowMs());
    if (board === undefined) return this.#choose()?.index ?? -1;
    this.#reserve(board, undefined);
    // What cannot be written is chosen all the same: from what is known.
    const isLocked = board.lock();
    loadPeers(board, this.members);
    const peer = this.#choose();
    this.#reserve(board, peer);
    if (isLocked) {
      storePeers(board, this.members);
      board.unlock();
    }
    return peer?.index ?? -1;
  }

  #choose(): PeerState | undefined {
    const { primaries, backups } = this.members;
    const choice = this.#choice;
    let peer = choice.boundTo(primaries);
    if (peer === undefined && primaries.peers.length > 0) {
      peer = this.#balancer.pick(primaries, choice);
    }
    if (peer === undefined && backups.peers.length > 0) {
      peer = choice.boundTo(backups) ?? this.#backupBalancer.pick(backups, choice);
    }
    if (peer === undefined) return undefined;
    // After a pause this one request is the probe: others are held off for another pause.
    if (choice.nowS - peer.checkedS > peer.failTimeoutS) peer.checkedS = choice.nowS;
    return peer;
  }

  /** Counted at once: what a server is allowed is one number for all processes. */
  #reserve(board: PeerBoard, peer: PeerState | undefined): void {
    if (this.#reserved !== undefined) board.use(this.#reserved, -1);
    this.#reserved = peer;
    if (peer !== undefined) board.use(peer, 1);
  }

  /** The peer as all processes know it; what `close` is told. */
  #open(peer: PeerState): boolean {
    if (this.#board === undefined) return false;
    const isLocked = this.#board.lock();
    this.#board.load(peer);
    return isLocked;
  }

  #close(peer: PeerState, isLocked: boolean): void {
    if (!isLocked) return;
    this.#board?.store(peer);
    this.#board?.unlock();
  }

  #nowMs(): number {
    return this.#clock.nowMs() + this.#originMs;
  }

  /** Is there a live peer that is none of the first `count` of `tried`? Nothing is chosen. */
  hasOther(tried: readonly number[], count: number): boolean {
    const { primaries, backups } = this.members;
    const choice = this.#choice;
    choice.fill(NOBODY, tried, count, this.#nowMs());
    if (this.#board !== undefined) loadPeers(this.#board, this.members);
    return (
      primaries.peers.some((peer) => choice.allows(peer, primaries)) ||
      backups.peers.some((peer) => choice.allows(peer, backups))
    );
  }

  /** A request, or a connection, begins to use the peer. */
  acquire(index: number): void {
    const peer = this.members.peer(index);
    if (this.#reserved === peer) this.#reserved = undefined;
    else this.#board?.use(peer, 1);
    peer.active += 1;
    peer.counters.requests += 1;
  }

  /** It has ended, however it ended. */
  release(index: number): void {
    const peer = this.members.peer(index);
    peer.active -= 1;
    this.#board?.use(peer, -1);
    if (peer.gone) this.members.freeIfUnused(peer);
  }

  /** The peer has answered, with whatever status is no failure. */
  succeeded(index: number): void {
    const peer = this.members.peer(index);
    peer.counters.succeeded += 1;
    this.#board?.load(peer);
    if (peer.fails === 0) return;
    const isLocked = this.#open(peer);
    const hasRecovered = this.#forgive(peer);
    this.#close(peer, isLocked);
    if (hasRecovered) this.#observer?.(this.config.name, peer, 'recovered');
  }

  /** Is one usable again that was not? */
  #forgive(peer: PeerState): boolean {
    const { hasFailed } = peer;
    const isAlone = this.#isAlone(peer);
    // One that was on its way before the last failure says nothing about the time after it.
    if (!isAlone && (peer.failedS >= peer.checkedS || peer.fails === 0)) return false;
    peer.fails = 0;
    if (isAlone || !hasFailed) return false;
    peer.startSlowly(this.#nowMs());
    return true;
  }

  /** An attempt has failed in a way that counts: not 403, not 404, not a stale connection. */
  failed(index: number): void {
    const peer = this.members.peer(index);
    peer.counters.failed += 1;
    const isLocked = this.#open(peer);
    const isPaused = this.#blame(peer);
    this.#close(peer, isLocked);
    if (isPaused) this.#observer?.(this.config.name, peer, 'paused');
  }

  /** Has it failed too often now? */
  #blame(peer: PeerState): boolean {
    const { maxFails } = peer.server;
    if (this.#isAlone(peer)) {
      peer.fails = 0;
      return false;
    }
    const nowS = Math.floor(this.#nowMs() / 1000);
    peer.fails += 1;
    peer.failedS = nowS;
    peer.checkedS = nowS;
    if (maxFails === 0) return false;
    const loss = Math.trunc(peer.weight / maxFails);
    peer.effectiveWeight = Math.max(0, peer.effectiveWeight - loss);
    return peer.hasFailed;
  }

  /** How long a good answer took, from the request on: to its head, and to its last byte. */
  sampled(index: number, headMs: number, responseMs: number): void {
    const peer = this.members.peer(index);
    const { method } = this.config.balance;
    if (method !== 'peak-ewma' && method !== 'least-time') return;
    const isLocked = this.#open(peer);
    if (method === 'peak-ewma') sampleLatency(peer, headMs, this.#nowMs());
    else {
      peer.headMs = movingAverage(peer.headMs, headMs);
      peer.responseMs = movingAverage(peer.responseMs, responseMs);
    }
    this.#close(peer, isLocked);
  }

  /** The active checks have decided. One that comes back begins anew, and slowly. */
  checked(peer: PeerState, up: boolean): void {
    if (peer.checkedDown === !up) return;
    peer.checkedDown = !up;
    if (up) {
      const isLocked = this.#open(peer);
      peer.forgetFailures();
      peer.startSlowly(this.#nowMs());
      this.#close(peer, isLocked);
    }
    this.#observer?.(this.config.name, peer, up ? 'up' : 'down');
  }

  /** What a look-up of the name of a configured server, by its index, has found: see `Members`. */
  resolved(server: number, addresses: readonly ResolvedAddress[], isHeld = false): boolean {
    return this.members.resolved(server, addresses, this.#nowMs(), isHeld);
  }

  /** Ends it: idle connections close, unless another group has taken them over. */
  retire(): void {
    if (!this.#handedOver) this.pool.retire();
  }

  #isAlone(peer: PeerState): boolean {
    const { primaries } = this.members;
    return primaries.alone && primaries.peers[0] === peer;
  }
}
