import type { StreamSession } from './stream-session.ts';

/** Sessions that have not ended, clients that are being closed included. Each knows its place. */
export class SessionList {
  readonly #sessions: StreamSession[] = [];

  get size(): number {
    return this.#sessions.length;
  }

  add(session: StreamSession): void {
    session.place = this.#sessions.length;
    this.#sessions.push(session);
  }

  /** The last one takes its place. */
  remove(session: StreamSession): void {
    const { place } = session;
    if (this.#sessions[place] !== session) return;
    session.place = -1;
    const last = this.#sessions.pop() as StreamSession;
    if (last === session) return;
    this.#sessions[place] = last;
    last.place = place;
  }

  /** Those that are there now: what is done to one may remove it. */
  all(): StreamSession[] {
    return this.#sessions.slice();
  }
}
