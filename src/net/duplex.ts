import { Duplex } from 'node:stream';
import type { TimerOperation } from '../core/operation.ts';
import { timerOperation } from '../core/operations.ts';
import type { Stream } from './stream.ts';

export type { Duplex };

export type DuplexOptions = {
  /** `false`: ends its own side as soon as the peer has ended its side. */
  readonly allowHalfOpen?: boolean;
};

/** How long `destroy` without an error may take to deliver what was written, in milliseconds. */
const DESTROY_LINGER_MS = 1_000;

/**
 * A stream as Node's Duplex, for what wants a socket: node:http, node:tls, pipelines. The stream
 * is the Duplex's from now on. A receive is posted only while somebody reads; a write calls back
 * when less than the outbox's high mark waits. It fails with `IoError`.
 */
export function duplexOf(stream: Stream, options: DuplexOptions = {}): Duplex {
  const idle = new IdleTimer(stream, () => duplex.emit('timeout'));
  let reading = false;
  const duplex = new Duplex({
    allowHalfOpen: options.allowHalfOpen ?? true,
    read() {
      if (reading) return;
      reading = true;
      stream.recv().then(
        (chunk) => {
          reading = false;
          idle.moved();
          duplex.push(chunk ?? null);
        },
        (error: Error) => duplex.destroy(error),
      );
    },
    write(chunk: Uint8Array, _encoding, callback) {
      idle.moved();
      stream.send(chunk).then(() => callback(), callback);
    },
    final(callback) {
      stream.shutdown().then(() => callback(), callback);
    },
    destroy(error, callback) {
      idle.set(0);
      const how = error === null ? 'graceful' : 'reset';
      const report = (failure?: unknown) => callback(error ?? (failure as Error | null) ?? null);
      stream.close({ how, lingerMs: DESTROY_LINGER_MS }).then(() => report(), report);
    },
  });
  return Object.assign(duplex, socketMethods(duplex, idle));
}

/** What node:http calls on a socket besides a Duplex's own: the port decides all but the time. */
function socketMethods(duplex: Duplex, idle: IdleTimer): Record<string, unknown> {
  const itself = () => duplex;
  return {
    setKeepAlive: itself,
    setNoDelay: itself,
    ref: itself,
    unref: itself,
    setTimeout(ms: number, callback?: () => void): Duplex {
      idle.set(ms);
      if (callback !== undefined && ms > 0) duplex.once('timeout', callback);
      return duplex;
    },
  };
}

/** Tells once when nothing has moved for a while; a move costs a field and no timer. */
class IdleTimer {
  readonly #stream: Stream;
  readonly #timer: TimerOperation;
  #idleMs = 0;
  #movedMs = 0;
  /** The timer was taken back to be started anew. */
  #restart = false;

  constructor(stream: Stream, onIdle: () => void) {
    this.#stream = stream;
    this.#timer = timerOperation(({ status }) => {
      const restart = this.#restart;
      this.#restart = false;
      if (this.#idleMs === 0 || (status !== 'done' && !restart)) return;
      if (restart || this.#movedMs + this.#idleMs > this.#timer.atMs) this.#start();
      else onIdle();
    });
  }

  /** 0 is never. */
  set(idleMs: number): void {
    const { port } = this.#stream;
    this.#idleMs = idleMs;
    this.moved();
    this.#restart = this.#timer.status === 'pending';
    if (this.#restart) port.cancel(this.#timer);
    else if (idleMs > 0) this.#start();
  }

  moved(): void {
    if (this.#idleMs > 0) this.#movedMs = this.#stream.port.loop.nowMs();
  }

  #start(): void {
    this.#timer.atMs = this.#movedMs + this.#idleMs;
    this.#stream.port.submit(this.#timer);
  }
}
