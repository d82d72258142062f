import type { Members } from './members.ts';
import type { PeerState } from './peer-state.ts';

/**
 * Where processes have what they know of the peers of one group in common. Peers are read from it
 * before they are compared, and written to it when they have changed.
 */
export interface PeerBoard {
  /** Added to the time of the group's clock it is the same time in all processes. */
  readonly originMs: number;
  /** Others neither read nor write until `unlock`. `false`: that cannot be had now. */
  lock(): boolean;
  unlock(): void;
  /** The peer is one of this process's from now on. `key`: the same in all of them. */
  join(peer: PeerState, key: string): void;
  leave(peer: PeerState): void;
  load(peer: PeerState): void;
  /** With the lock. */
  store(peer: PeerState): void;
  /** So many more requests of this process use the peer, or fewer. */
  use(peer: PeerState, more: number): void;
}

/** Reads all peers of a group. */
export function loadPeers(board: PeerBoard, { primaries, backups }: Members): void {
  for (const peer of primaries.peers) board.load(peer);
  for (const peer of backups.peers) board.load(peer);
}

/** Writes all peers of a group; with the lock. */
export function storePeers(board: PeerBoard, { primaries, backups }: Members): void {
  for (const peer of primaries.peers) board.store(peer);
  for (const peer of backups.peers) board.store(peer);
}
