import { createHash } from 'node:crypto';

/** What nginx takes for a session: 8,000 of them in 1m. */
export const SESSION_BYTES: number = 128;

type Session = { route: string; usedMs: number };
/** The time now, and how long sessions live without use; milliseconds. */
export type SessionTimes = { readonly nowMs: number; readonly timeoutMs: number };

/** Which server the sessions of clients are bound to: as one process knows it, or several do. */
export interface Sessions {
  readonly bytesMax: number;
  /** The route of a session; '': there is no such session. */
  find(name: string, times: SessionTimes): string;
  /** An answer for a session came from here. `begins`: it need not be known. */
  use(name: string, route: string, begins: boolean, times: SessionTimes): void;
}

/** The sessions of this process alone. The one used longest ago makes room. */
export class SessionTable implements Sessions {
  readonly bytesMax: number;
  readonly #max: number;
  /** By hash of the name, which is the client's and of any length; in the order of use. */
  readonly #sessions = new Map<string, Session>();

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.#max = Math.max(1, Math.floor(bytesMax / SESSION_BYTES));
  }

  get size(): number {
    return this.#sessions.size;
  }

  find(name: string, { nowMs, timeoutMs }: SessionTimes): string {
    return this.#live(keyOf(name), nowMs - timeoutMs)?.route ?? '';
  }

  use(name: string, route: string, begins: boolean, { nowMs, timeoutMs }: SessionTimes): void {
    const key = keyOf(name);
    const session = this.#live(key, nowMs - timeoutMs);
    if (session === undefined) {
      if (begins) this.#add(key, { route, usedMs: nowMs });
      return;
    }
    session.route = route;
    session.usedMs = nowMs;
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
  }

  #live(key: string, sinceMs: number): Session | undefined {
    const session = this.#sessions.get(key);
    if (session === undefined || session.usedMs >= sinceMs) return session;
    this.#sessions.delete(key);
    return undefined;
  }

  #add(key: string, session: Session): void {
    if (this.#sessions.size >= this.#max) {
      const [oldest] = this.#sessions.keys();
      this.#sessions.delete(oldest as string);
    }
    this.#sessions.set(key, session);
  }
}

function keyOf(name: string): string {
  return createHash('md5').update(name, 'latin1').digest('base64');
}
