import type { Random } from '../../core/random.ts';
import type { ClientShared } from '../../http/client-options.ts';
import type { UpstreamGroup } from './group.ts';
import { PeerCheck, type PeerCheckParts } from './peer-check.ts';
import type { PeerState } from './peer-state.ts';
import type { Poolable } from './upstream-pool.ts';

/** Active checks of all peers of a group, as they come and go; one that is `down` is not asked. */
export class ActiveChecks<Connection extends Poolable> {
  readonly #group: UpstreamGroup<Connection>;
  readonly #parts: PeerCheckParts | undefined;
  readonly #checks = new Map<PeerState, PeerCheck>();
  readonly #onMembers = (): void => this.#follow();

  /** `client`: what connections share; its timeouts are not used. */
  constructor(group: UpstreamGroup<Connection>, client: ClientShared, random: Random) {
    const { health } = group.config;
    this.#group = group;
    if (health === undefined) return;
    const { timeoutMs } = health;
    const timeouts = { readMs: timeoutMs, sendMs: timeoutMs, idleMs: timeoutMs };
    this.#parts = {
      health,
      client: { ...client, timeouts },
      random,
      decided: (peer, up) => group.checked(peer, up),
    };
  }

  /** Peers that are checked now. */
  get size(): number {
    return this.#checks.size;
  }

  /** Begins, where the group has checks at all. */
  start(): void {
    if (this.#parts === undefined) return;
    this.#group.members.watchers.add(this.#onMembers);
    this.#follow();
  }

  /** Ends what is under way; nothing is left. What was found stays with the peers. */
  stop(): void {
    this.#group.members.watchers.delete(this.#onMembers);
    for (const check of this.#checks.values()) check.stop();
    this.#checks.clear();
  }

  #follow(): void {
    const parts = this.#parts as PeerCheckParts;
    for (const [peer, check] of this.#checks) {
      if (!peer.gone) continue;
      check.stop();
      this.#checks.delete(peer);
    }
    for (const peer of this.#group.members.all) {
      if (peer.server.down || this.#checks.has(peer)) continue;
      const check = new PeerCheck(peer, parts);
      this.#checks.set(peer, check);
      check.start();
    }
  }
}
