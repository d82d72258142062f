import type { PeerBoard, PeerState } from '../../proxy/upstream/index.ts';
import { ENTRY } from './key-index.ts';
import { SlotCounts, type SlotCountsLayout, slotCountsBytes } from './slot-counts.ts';
import type { ZoneMemory } from './zone-memory.ts';

/** Peers of all groups of a zone; those beyond are each process's own. */
export const SHARED_PEERS_MAX: number = 8192;
/** Numbers of 64 bits behind the words that all entries have. */
const FIELD = {
  isKnown: 0,
  fails: 1,
  checkedS: 2,
  failedS: 3,
  effectiveWeight: 4,
  currentWeight: 5,
  headMs: 6,
  responseMs: 7,
  latencyMs: 8,
  latencyAtMs: 9,
} as const;
const LAYOUT: SlotCountsLayout = {
  bytesMax: SHARED_PEERS_MAX,
  capacity: SHARED_PEERS_MAX,
  own: 20,
};
/** What an entry counts for. */
const ONE = 1;
/** What a process counts for the peer itself; below that are the requests that use it. */
const JOINED = 2 ** 20;

/** Memory of the peers that so many processes share. */
export function peerMemoryBytes(slots: number): number {
  return slotCountsBytes(LAYOUT, slots);
}

/** The peers of groups, in memory that processes share: each counts its own requests. */
export class SharedPeers implements PeerBoard {
  readonly originMs: number;
  readonly #counts: SlotCounts;
  readonly #numbers: Float64Array;

  constructor(memory: ZoneMemory) {
    this.originMs = memory.originMs;
    this.#counts = new SlotCounts(memory, LAYOUT);
    this.#numbers = new Float64Array(memory.buffer);
  }

  /** Peers that anybody has. */
  get size(): number {
    return this.#counts.index.size;
  }

  lock(): boolean {
    return this.#counts.lock.take();
  }

  unlock(): void {
    this.#counts.lock.free();
  }

  join(peer: PeerState, key: string): void {
    this.#counts.index.aim(key);
    if (!this.lock()) return;
    const entry = this.#counts.entry(ONE);
    peer.place = entry;
    if (entry !== 0) {
      const at = fieldsOf(entry) + FIELD.isKnown;
      if (this.#numbers[at] === 0) this.store(peer);
      this.#numbers[at] = 1;
      this.#counts.add(entry, JOINED);
    }
    this.unlock();
  }

  leave(peer: PeerState): void {
    const { place } = peer;
    if (place === 0) return;
    peer.place = 0;
    if (this.#counts.add(place, -JOINED) === 0) this.#counts.forgetIfUnused(place);
  }

  load(peer: PeerState): void {
    if (peer.place === 0) return;
    const at = fieldsOf(peer.place);
    peer.fails = this.#get(at + FIELD.fails);
    peer.checkedS = this.#get(at + FIELD.checkedS);
    peer.failedS = this.#get(at + FIELD.failedS);
    peer.currentWeight = this.#get(at + FIELD.currentWeight);
    // The weight may have become another one, as services say it.
    peer.effectiveWeight = Math.min(this.#get(at + FIELD.effectiveWeight), peer.weight);
    peer.headMs = this.#get(at + FIELD.headMs);
    peer.responseMs = this.#get(at + FIELD.responseMs);
    peer.latencyMs = this.#get(at + FIELD.latencyMs);
    peer.latencyAtMs = this.#get(at + FIELD.latencyAtMs);
    peer.elsewhere = Math.max(0, (this.#counts.sum(peer.place) % JOINED) - peer.active);
  }

  store(peer: PeerState): void {
    if (peer.place === 0) return;
    const at = fieldsOf(peer.place);
    const numbers = this.#numbers;
    numbers[at + FIELD.fails] = peer.fails;
    numbers[at + FIELD.checkedS] = peer.checkedS;
    numbers[at + FIELD.failedS] = peer.failedS;
    numbers[at + FIELD.currentWeight] = peer.currentWeight;
    numbers[at + FIELD.effectiveWeight] = peer.effectiveWeight;
    numbers[at + FIELD.headMs] = peer.headMs;
    numbers[at + FIELD.responseMs] = peer.responseMs;
    numbers[at + FIELD.latencyMs] = peer.latencyMs;
    numbers[at + FIELD.latencyAtMs] = peer.latencyAtMs;
  }

  use({ place }: PeerState, more: number): void {
    if (place !== 0) this.#counts.add(place, more);
  }

  /** A process has ended. */
  left(slot: number): void {
    this.#counts.left(slot);
  }

  #get(at: number): number {
    return this.#numbers[at] as number;
  }
}

/** Where the numbers of an entry begin. */
function fieldsOf(entry: number): number {
  return (entry + ENTRY.words) / 2;
}
