import type { Random } from '../../core/random.ts';
import type { PeerState } from './peer-state.ts';

/** What a balancer may know about the request. */
export interface RequestFacts {
  /** Numeric, as text; anything else counts as one and the same client. */
  readonly clientAddress: string;
  /** For the hashes; empty: the peers take turns. */
  readonly hashKey: string;
  /** The route of the peer that the request is bound to; without one, it is bound to none. */
  readonly route?: string;
}

/** The peers that are chosen from together: the primaries of a group, or its backups. */
export class PeerSet {
  readonly peers: readonly PeerState[];
  /** Of all of them, also those that are down: a server that fails moves no other's keys. */
  readonly totalWeight: number;
  /** It is the group's only address: failures do not count, and it is always tried. */
  readonly alone: boolean;

  constructor(peers: readonly PeerState[], alone: boolean) {
    this.peers = peers;
    this.totalWeight = peers.reduce((sum, { weight }) => sum + weight, 0);
    this.alone = alone;
  }

  /** The peer at this point of the line of all weights. */
  at(point: number): PeerState {
    let left = point;
    for (const peer of this.peers) {
      if (left < peer.weight) return peer;
      left -= peer.weight;
    }
    throw new RangeError(`${point} is beyond the weight of ${this.totalWeight}`);
  }
}

/** One choice to be made. A group has one object, filled for each choice. */
export class Choice {
  readonly random: Random;
  clientAddress = '';
  hashKey = '';
  route = '';
  nowMs = 0;
  nowS = 0;
  #tried: readonly number[] = [];
  #count = 0;

  constructor(random: Random) {
    this.random = random;
  }

  fill(facts: RequestFacts, tried: readonly number[], count: number, nowMs: number): void {
    this.clientAddress = facts.clientAddress;
    this.hashKey = facts.hashKey;
    this.route = facts.route ?? '';
    this.#tried = tried;
    this.#count = count;
    this.nowMs = nowMs;
    this.nowS = Math.floor(nowMs / 1000);
  }

  allows(peer: PeerState, set: PeerSet, isBound = false): boolean {
    for (let i = 0; i < this.#count; i += 1) if (this.#tried[i] === peer.index) return false;
    return peer.isUsable(this.nowS, set.alone, isBound);
  }

  /** The peer that the request is bound to, if it may go there. */
  boundTo(set: PeerSet): PeerState | undefined {
    if (this.route === '') return undefined;
    return set.peers.find((peer) => peer.route === this.route && this.allows(peer, set, true));
  }

  /** A whole number from 0 to `below - 1`. */
  randomBelow(below: number): number {
    return Math.floor((this.random.nextUint32() / 2 ** 32) * below);
  }
}

/** Chooses one peer of a set that the choice allows; `undefined` when there is none. */
export interface Balancer {
  /** Another set will be chosen from: for balancers that prepare one. */
  prepare?(set: PeerSet): void;
  pick(set: PeerSet, choice: Choice): PeerState | undefined;
}

/** Peers that a hash or chance hits before the peers simply take turns (nginx's number). */
export const TRIES_MAX: number = 20;
