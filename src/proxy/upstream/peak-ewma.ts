import { type Balancer, type Choice, type PeerSet, TRIES_MAX } from './choice.ts';
import type { PeerState } from './peer-state.ts';
import { smoothRoundRobin } from './smooth-round-robin.ts';

/** A sample counts for 1/e after this time. */
const DECAY_MS = 10_000;
/** Of a peer that has never answered but has requests: the second one waits for the first. */
const UNMEASURED = 1e9;

/**
 * Finagle's peak EWMA, of two picks by chance: latency × (outstanding + 1) / weight. It rises with
 * one slow answer and falls slowly, so that a peer that slows down is left within one answer.
 */
export const peakEwma: Balancer = {
  pick(set: PeerSet, choice: Choice): PeerState | undefined {
    const { peers } = set;
    let first: PeerState | undefined;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const peer = peers[choice.randomBelow(peers.length)];
      if (peer === undefined || peer === first || !choice.allows(peer, set)) continue;
      if (first === undefined) first = peer;
      else return cost(peer, choice.nowMs) < cost(first, choice.nowMs) ? peer : first;
    }
    return first ?? smoothRoundRobin.pick(set, choice);
  },
};

function cost(peer: PeerState, nowMs: number): number {
  const ms = latencyAt(peer, nowMs);
  const { inUse } = peer;
  const all = ms === 0 && inUse > 0 ? UNMEASURED + inUse : ms * (inUse + 1);
  return all / peer.weightAt(nowMs);
}

/** The average as it is now: without samples it decays, so that a slow peer is tried again. */
export function latencyAt(peer: PeerState, nowMs: number): number {
  return peer.latencyMs * Math.exp((peer.latencyAtMs - nowMs) / DECAY_MS);
}

/** Takes a sample: one above the average replaces it at once. */
export function sampleLatency(peer: PeerState, sampleMs: number, nowMs: number): void {
  const old = latencyAt(peer, nowMs);
  const kept = Math.exp((peer.latencyAtMs - nowMs) / DECAY_MS);
  peer.latencyMs = sampleMs > old ? sampleMs : sampleMs * (1 - kept) + old;
  peer.latencyAtMs = nowMs;
}
