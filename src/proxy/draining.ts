import { timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { ServerConnection } from '../http/server-connection.ts';
import type { ConnectionList } from './connection-list.ts';

/** Longest that an idle connection may bring a request that was already on its way. */
export const IDLE_GRACE_MS = 500;

/**
 * The end of a proxy: connections close after the response that they are busy with, idle ones
 * after a grace; what is left at the deadline is cut. The deadline may only come nearer.
 */
export class Draining {
  readonly ended: Promise<void>;
  readonly #port: ProactorPort;
  readonly #connections: ConnectionList;
  readonly #cut: () => void;
  readonly #grace = timerOperation(() => this.#closeIdle());
  #deadline = timerOperation(() => {});
  #atMs = Number.POSITIVE_INFINITY;
  #noGrace = false;
  #end: (() => void) | undefined;

  /** `cut` ends every connection at once; `end` is called when none is left. */
  constructor(port: ProactorPort, connections: ConnectionList, cut: () => void, end: () => void) {
    this.#port = port;
    this.#connections = connections;
    this.#cut = cut;
    this.ended = new Promise((resolve) => {
      this.#end = () => {
        end();
        resolve();
      };
    });
    for (const connection of connections.all()) connection.lastRequest = true;
    this.#grace.atMs = port.loop.nowMs() + IDLE_GRACE_MS;
    if (!this.settle()) port.submit(this.#grace);
  }

  /** Everything has to be over by then. */
  within(drainMs: number): void {
    const atMs = this.#port.loop.nowMs() + drainMs;
    if (this.#end === undefined || atMs >= this.#atMs) return;
    this.#atMs = atMs;
    this.#port.cancel(this.#deadline);
    if (drainMs <= 0) {
      this.#cut();
      return;
    }
    this.#deadline = timerOperation(({ status }) => {
      if (status === 'done') this.#cut();
    });
    this.#deadline.atMs = atMs;
    this.#port.submit(this.#deadline);
  }

  /** A connection that came with the close. */
  joined(connection: ServerConnection): void {
    connection.lastRequest = true;
    if (this.#noGrace) connection.closeWhenIdle();
  }

  /** Ends it where no connection is left. */
  settle(): boolean {
    if (this.#connections.size > 0) return false;
    this.#port.cancel(this.#deadline);
    this.#port.cancel(this.#grace);
    this.#noGrace = true;
    this.#end?.();
    this.#end = undefined;
    return true;
  }

  #closeIdle(): void {
    this.#noGrace = true;
    if (this.#grace.status !== 'done') return;
    for (const connection of this.#connections.all()) connection.closeWhenIdle();
  }
}
