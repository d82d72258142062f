import type { ConnectOperation, SocketId } from '../../core/operation.ts';
import { closeOperation, connectOperation, timerOperation } from '../../core/operations.ts';
import type { Random } from '../../core/random.ts';
import { ClientConnection } from '../../http/client-connection.ts';
import type { ClientExchange, ClientOwner, ClientShared } from '../../http/client-options.ts';
import type { MessageHead } from '../../http/message-head.ts';
import type { PeerState } from './peer-state.ts';
import type { HealthConfig } from './upstream-config.ts';

/** How far an interval is moved, at most, either way: checks of many proxies drift apart. */
const JITTER = 0.1;

export type PeerCheckParts = {
  readonly health: HealthConfig;
  /** With timeouts that are those of the check. */
  readonly client: ClientShared;
  readonly random: Random;
  /** Enough answers of one kind in a row. */
  readonly decided: (peer: PeerState, up: boolean) => void;
};

/**
 * Asks one peer, again and again, on a connection of its own.
 *
 *   wait ──interval──► connect ──► ask, read the answer ──► good or bad, close ──► wait
 *                         └── refused, late, cut short: bad ──────────────┘
 */
export class PeerCheck implements ClientExchange, ClientOwner {
  readonly #peer: PeerState;
  readonly #parts: PeerCheckParts;
  readonly #next = timerOperation(() => this.#onNext());
  readonly #limit = timerOperation(() => this.#onLimit());
  readonly #connect: ConnectOperation;
  readonly #request: string;
  #connection: ClientConnection | undefined;
  #running = false;
  #stopped = false;
  /** A check is due, but operations of the last one have not ended yet. */
  #due = false;
  #answerGood = false;
  /** Answers of one kind in a row, the current kind. */
  #good = 0;
  #bad = 0;

  constructor(peer: PeerState, parts: PeerCheckParts) {
    const { health } = parts;
    this.#peer = peer;
    this.#parts = parts;
    // Nobody's process goes on for the sake of its checks.
    this.#next.background = true;
    this.#limit.background = true;
    this.#connect = connectOperation(peer.endpoint, () => this.#onConnected());
    const host = health.host ?? (peer.endpoint.family === 'unix' ? '' : peer.server.name);
    this.#request = `GET ${health.uri} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  }

  /** The first check comes within a tenth of the interval. */
  start(): void {
    const { intervalMs } = this.#parts.health;
    this.#wait(intervalMs * JITTER * this.#chance());
  }

  /** Ends what is under way; it says nothing any more, and no timer is left. */
  stop(): void {
    const { port } = this.#parts.client;
    this.#stopped = true;
    this.#running = false;
    port.cancel(this.#next);
    port.cancel(this.#limit);
    port.cancel(this.#connect);
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  responseHead(head: MessageHead): void {
    const { accept } = this.#parts.health;
    try {
      this.#answerGood = accept?.(head) ?? (head.status >= 200 && head.status < 400);
    } catch {
      this.#answerGood = false; // What cannot be judged is not good.
    }
  }

  responseBody(): void {}

  responseEnd(): void {
    this.#end(this.#answerGood);
  }

  responseFailed(): void {
    this.#connection = undefined;
    this.#end(false);
  }

  requestLevel(): void {}

  /** Its exchange is its whole life. */
  idleConnectionGone(): void {}

  /** From 0 to 1. */
  #chance(): number {
    return this.#parts.random.nextUint32() / 2 ** 32;
  }

  #wait(ms: number): void {
    const { port } = this.#parts.client;
    this.#next.atMs = port.loop.nowMs() + ms;
    port.submit(this.#next);
  }

  #onNext(): void {
    if (this.#stopped || this.#next.status !== 'done') return;
    const { health } = this.#parts;
    this.#wait(health.intervalMs * (1 + JITTER * (2 * this.#chance() - 1)));
    this.#end(false); // With the longest timeout the last check may still run.
    this.#begin();
  }

  #begin(): void {
    const { client, health } = this.#parts;
    this.#due = this.#connect.status === 'pending' || this.#limit.status === 'pending';
    if (this.#due) return; // Both were cancelled with the last check: whichever ends last begins.
    this.#running = true;
    this.#limit.atMs = client.port.loop.nowMs() + health.timeoutMs;
    client.port.submit(this.#limit);
    client.port.submit(this.#connect);
  }

  #onLimit(): void {
    if (this.#limit.status === 'done') this.#end(false);
    if (this.#due && !this.#stopped) this.#begin();
  }

  #onConnected(): void {
    const { status, socket } = this.#connect;
    if (!this.#running) {
      if (status === 'done') this.#close(socket);
      if (this.#due && !this.#stopped) this.#begin();
      return;
    }
    if (status !== 'done') {
      this.#end(false);
      return;
    }
    if (this.#parts.health.uri === undefined) {
      this.#close(socket);
      this.#end(true);
      return;
    }
    this.#answerGood = false;
    this.#connection = new ClientConnection(this.#parts.client, this, socket);
    this.#connection.begin(this, false);
    this.#connection.outbox.appendText(this.#request);
  }

  #close(socket: SocketId): void {
    const close = closeOperation(socket, () => {});
    close.lingerMs = 0;
    this.#parts.client.port.submit(close);
  }

  #end(good: boolean): void {
    if (!this.#running) return;
    const { port } = this.#parts.client;
    this.#running = false;
    port.cancel(this.#limit);
    port.cancel(this.#connect);
    this.#connection?.destroy();
    this.#connection = undefined;
    const { rise, fall } = this.#parts.health;
    this.#good = good ? this.#good + 1 : 0;
    this.#bad = good ? 0 : this.#bad + 1;
    if (this.#good === rise) this.#parts.decided(this.#peer, true);
    else if (this.#bad === fall) this.#parts.decided(this.#peer, false);
  }
}
