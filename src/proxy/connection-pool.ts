import type { ClientConnection, ClientOwner } from '../http/client-connection.ts';

/**
 * Idle connections to the servers of one group: the one used last is used next, and the oldest is
 * closed when one more would exceed the bound.
 */
export class ConnectionPool implements ClientOwner {
  readonly #idleMax: number;
  /** Oldest first, for each server of the group by its index. */
  readonly #idle: ClientConnection[][] = [];
  #count = 0;

  constructor(idleMax: number) {
    this.#idleMax = idleMax;
  }

  get idle(): number {
    return this.#count;
  }

  take(server: number): ClientConnection | undefined {
    const connection = this.#idle[server]?.pop();
    if (connection !== undefined) this.#count -= 1;
    return connection;
  }

  /** Keeps a connection whose exchange ended well; closes it where it is not to be kept. */
  give(server: number, connection: ClientConnection): void {
    if (!connection.reusable || this.#idleMax === 0) {
      connection.destroy();
      return;
    }
    if (this.#count === this.#idleMax) this.#dropOldest(server);
    this.#idle[server] ??= [];
    this.#idle[server].push(connection);
    this.#count += 1;
    connection.rest();
  }

  idleConnectionGone(connection: ClientConnection): void {
    for (const stack of this.#idle) {
      const index = stack?.indexOf(connection) ?? -1;
      if (index < 0) continue;
      stack?.splice(index, 1);
      this.#count -= 1;
      return;
    }
  }

  /** Closes what is idle; connections in use close when their exchange ends. */
  clear(): void {
    for (const stack of this.#idle) for (const connection of stack ?? []) connection.destroy();
    this.#idle.length = 0;
    this.#count = 0;
  }

  #dropOldest(preferred: number): void {
    const stack = this.#idle[preferred]?.length
      ? this.#idle[preferred]
      : this.#idle.find((candidate) => candidate !== undefined && candidate.length > 0);
    stack?.shift()?.destroy();
    this.#count -= 1;
  }
}
