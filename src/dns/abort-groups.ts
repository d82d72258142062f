/** Somebody who is told that a signal has fired. */
export interface Abortable {
  abort(reason: unknown): void;
}

type Group = { readonly members: Set<Abortable>; readonly listener: () => void };

/**
 * Signals and who listens to each, with one listener per signal however many calls share it: Node
 * warns of a leak at the eleventh.
 */
export class AbortGroups {
  readonly #groups = new Map<AbortSignal, Group>();

  add(signal: AbortSignal | undefined, member: Abortable): void {
    if (signal === undefined) return;
    let group = this.#groups.get(signal);
    if (group === undefined) {
      const members = new Set<Abortable>();
      const listener = (): void => {
        this.#groups.delete(signal);
        for (const one of members) one.abort(signal.reason);
      };
      group = { members, listener };
      this.#groups.set(signal, group);
      signal.addEventListener('abort', listener, { once: true });
    }
    group.members.add(member);
  }

  /** It has ended otherwise. */
  remove(signal: AbortSignal | undefined, member: Abortable): void {
    if (signal === undefined) return;
    const group = this.#groups.get(signal);
    if (group === undefined || !group.members.delete(member) || group.members.size > 0) return;
    this.#groups.delete(signal);
    signal.removeEventListener('abort', group.listener);
  }
}
