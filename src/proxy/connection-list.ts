import type { ServerConnection } from '../http/server-connection.ts';

/** Client connections that are open. Each knows its place, so that an entry is a pointer alone. */
export class ConnectionList {
  readonly #connections: ServerConnection[] = [];

  get size(): number {
    return this.#connections.length;
  }

  add(connection: ServerConnection): void {
    connection.place = this.#connections.length;
    this.#connections.push(connection);
  }

  /** The last one takes its place. */
  remove(connection: ServerConnection): void {
    const { place } = connection;
    if (this.#connections[place] !== connection) return;
    connection.place = -1;
    const last = this.#connections.pop() as ServerConnection;
    if (last === connection) return;
    this.#connections[place] = last;
    last.place = place;
  }

  /** Those that are open now: what is done to one may remove it. */
  all(): ServerConnection[] {
    return this.#connections.slice();
  }
}
