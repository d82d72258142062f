import { parseIpv6 } from '../../net/ip.ts';
import { type Balancer, type Choice, type PeerSet, TRIES_MAX } from './choice.ts';
import type { PeerState } from './peer-state.ts';
import { smoothRoundRobin } from './smooth-round-robin.ts';

const START = 89;
const FACTOR = 113;
const MODULUS = 6271;
/** Of an IPv4 address, so that a network of 256 meets one server. */
const IPV4_BYTES = 3;
const DOT = 0x2e;
const ZERO = 0x30;

/** The first three bytes of an IPv4 address, set anew for each choice. */
const network = new Uint8Array(IPV4_BYTES);

/** nginx's ip_hash: a client stays with its server for as long as that can be used. */
export const ipHash: Balancer = {
  pick(set: PeerSet, choice: Choice): PeerState | undefined {
    if (set.peers.length < 2) return smoothRoundRobin.pick(set, choice);
    const bytes = addressBytes(choice.clientAddress);
    let hash = START;
    for (let tries = 0; tries <= TRIES_MAX; tries += 1) {
      for (let i = 0; i < bytes.length; i += 1) {
        hash = (hash * FACTOR + (bytes[i] as number)) % MODULUS;
      }
      const peer = set.at(hash % set.totalWeight);
      if (choice.allows(peer, set)) return peer;
    }
    return smoothRoundRobin.pick(set, choice);
  },
};

/** Three bytes of an IPv4 address, all sixteen of an IPv6 address, else zeros (unix sockets). */
function addressBytes(text: string): Uint8Array {
  if (text.includes(':')) {
    const bytes = parseIpv6(text);
    if (typeof bytes === 'object') return bytes;
  }
  network.fill(0);
  let at = 0;
  for (let i = 0; i < text.length && at < IPV4_BYTES; i += 1) {
    const code = text.charCodeAt(i);
    if (code === DOT) at += 1;
    else if (code < ZERO || code > ZERO + 9) return network.fill(0);
    else network[at] = (network[at] as number) * 10 + code - ZERO;
  }
  return network;
}
