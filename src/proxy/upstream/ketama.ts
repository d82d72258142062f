import { type Balancer, type Choice, type PeerSet, TRIES_MAX } from './choice.ts';
import { CRC_START, crcEnd, crcOfByte, crcOfText } from './crc32.ts';
import type { PeerState } from './peer-state.ts';
import { advance, smoothRoundRobin } from './smooth-round-robin.ts';

/** Of a server, for each unit of its weight. */
const POINTS_PER_WEIGHT = 160;
/** Weights of a group that is hashed consistently: a point takes 12 bytes. */
export const RING_WEIGHT_MAX: number = 10_000;
/** More than a server can have of them: a point and its server make one sortable number. */
const SERVERS_RANGE = 2 ** 20;

/** Points on a circle of 2^32, in order, each with the name of a server. */
type Ring = { readonly hashes: Uint32Array; readonly names: Uint32Array };

/**
 * nginx's `hash … consistent` (libketama's points): a key goes to the next point on the ring, so
 * that a server that comes or goes moves its own keys alone. The addresses of one name share its
 * points and take turns.
 */
export class Ketama implements Balancer {
  #set: PeerSet | undefined;
  #ring: Ring = { hashes: new Uint32Array(0), names: new Uint32Array(0) };
  /** The peers of each name. */
  #named: PeerState[][] = [];

  prepare(set: PeerSet): void {
    const named = new Map<string, PeerState[]>();
    for (const peer of set.peers) {
      const { name } = peer.server;
      const peers = named.get(name);
      if (peers === undefined) named.set(name, [peer]);
      else peers.push(peer);
    }
    this.#named = [...named.values()];
    this.#ring = ringOf(this.#named);
    this.#set = set;
  }

  pick(set: PeerSet, choice: Choice): PeerState | undefined {
    const { hashKey } = choice;
    if (set.peers.length < 2 || hashKey === '') return smoothRoundRobin.pick(set, choice);
    if (set !== this.#set) this.prepare(set);
    const { hashes, names } = this.#ring;
    let at = firstFrom(hashes, crcEnd(crcOfText(CRC_START, hashKey)));
    for (let tries = 0; tries <= TRIES_MAX; tries += 1) {
      const name = names[at % hashes.length] as number;
      const peer = oneOf(this.#named[name] as PeerState[], set, choice);
      if (peer !== undefined) return peer;
      at += 1;
    }
    return smoothRoundRobin.pick(set, choice);
  }
}

function oneOf(peers: readonly PeerState[], set: PeerSet, choice: Choice): PeerState | undefined {
  let best: PeerState | undefined;
  let total = 0;
  for (let i = 0; i < peers.length; i += 1) {
    const peer = peers[i] as PeerState;
    if (!choice.allows(peer, set)) continue;
    total += advance(peer, choice.nowMs);
    if (best === undefined || peer.currentWeight > best.currentWeight) best = peer;
  }
  if (best !== undefined) best.currentWeight -= total;
  return best;
}

/** A name has its points once, as many as the heaviest of its addresses has. */
function ringOf(named: readonly (readonly PeerState[])[]): Ring {
  const points: number[] = [];
  const weights = weightsOf(named);
  for (const [index, peers] of named.entries()) {
    const weight = weights[index] as number;
    const { name } = (peers[0] as PeerState).server;
    for (const hash of pointsOf(name, weight)) points.push(hash * SERVERS_RANGE + index);
  }
  const sorted = Float64Array.from(points).sort();
  const hashes = new Uint32Array(sorted.length);
  const names = new Uint32Array(sorted.length);
  let count = 0;
  for (const point of sorted) {
    const hash = Math.floor(point / SERVERS_RANGE);
    if (count > 0 && hashes[count - 1] === hash) continue; // The first one has the point.
    hashes[count] = hash;
    names[count] = point % SERVERS_RANGE;
    count += 1;
  }
  return { hashes: hashes.slice(0, count), names: names.slice(0, count) };
}

/**
 * Weights of services may be too many for a ring, and servers of DNS give all of them anew when one
 * target leaves, 50 and 50 after 33, 33 and 33: brought to the smallest whole numbers they are the
 * same again, so that no key of the others moves. Halving moves keys as seldom as can be.
 */
function weightsOf(named: readonly (readonly PeerState[])[]): number[] {
  let weights = named.map((peers) => Math.max(...peers.map((peer) => peer.weight)));
  if (named.some(([peer]) => peer?.server.weighted)) return weights;
  const common = weights.reduce(commonDivisor, 0);
  weights = weights.map((weight) => weight / common);
  while (weights.reduce((sum, weight) => sum + weight, 0) > RING_WEIGHT_MAX) {
    weights = weights.map((weight) => Math.ceil(weight / 2));
  }
  return weights;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** crc32 of host, NUL, port and the previous point, least significant byte first. */
function* pointsOf(name: string, weight: number): Generator<number> {
  const port = /^unix:/i.test(name) ? null : /:([0-9]*)$/.exec(name);
  const host = port === null ? name.replace(/^unix:/i, '') : name.slice(0, port.index);
  const base = crcOfText(crcOfByte(crcOfText(CRC_START, host), 0), port?.[1] ?? '');
  let previous = 0;
  for (let i = 0; i < weight * POINTS_PER_WEIGHT; i += 1) {
    let crc = base;
    for (let shift = 0; shift < 32; shift += 8) crc = crcOfByte(crc, (previous >>> shift) & 0xff);
    previous = crcEnd(crc);
    yield previous;
  }
}

/** Where the first point is that is not below `hash`; the length when all are. */
function firstFrom(hashes: Uint32Array, hash: number): number {
  let low = 0;
  let high = hashes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((hashes[middle] as number) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}
