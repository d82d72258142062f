import { type Balancer, type Choice, type PeerSet, TRIES_MAX } from './choice.ts';
import { CRC_START, crcEnd, crcOfText } from './crc32.ts';
import type { PeerState } from './peer-state.ts';
import { smoothRoundRobin } from './smooth-round-robin.ts';

/** What is put before the key to hash it again; the first time nothing is. */
const REHASH = Array.from({ length: TRIES_MAX + 1 }, (_, n) => (n === 0 ? '' : String(n)));

/**
 * nginx's `hash`, as Cache::Memcached has it: the sum of ((crc32(rehash + key) >> 16) & 0x7fff),
 * modulo the total weight. Another number of servers moves nearly every key.
 */
export const keyHash: Balancer = {
  pick(set: PeerSet, choice: Choice): PeerState | undefined {
    const { hashKey } = choice;
    if (set.peers.length < 2 || hashKey === '') return smoothRoundRobin.pick(set, choice);
    let hash = 0;
    for (let tries = 0; tries <= TRIES_MAX; tries += 1) {
      const crc = crcOfText(crcOfText(CRC_START, REHASH[tries] as string), hashKey);
      hash += (crcEnd(crc) >>> 16) & 0x7fff;
      const peer = set.at(hash % set.totalWeight);
      if (choice.allows(peer, set)) return peer;
    }
    return smoothRoundRobin.pick(set, choice);
  },
};
