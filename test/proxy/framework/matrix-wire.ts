import type { Stream } from '../../../src/net/index.ts';
import type { Peer } from '../peer.ts';

/** One end of a connection, for a server or a client that misbehaves, on any network. */
export interface Wire {
  /** The other side has ended it. */
  readonly ended: boolean;
  /** The next head; `undefined`: the connection ended instead. */
  head(): Promise<string | undefined>;
  /** So many bytes, or those that came before the end. */
  take(bytes: number): Promise<string>;
  /** All that comes until the connection ends, and how it does. */
  rest(): Promise<{ readonly text: string; readonly cut: boolean }>;
  write(text: string): Promise<void>;
  fin(): Promise<void>;
  /** Closes both ways, as a program that ends does. */
  leave(): Promise<void>;
  /** RST; `late`: once what was written has been read, as a RST overtakes what has not. */
  reset(late: boolean): Promise<void>;
  /** Nothing more is taken from the kernel. */
  stopReading(): void;
  startReading(): void;
  /** The pause between two pieces of something slow. */
  drip(): Promise<void>;
}

/** How time passes for what misbehaves. */
export type Pauses = {
  /** Until what was written has certainly been read. */
  readonly settle: () => Promise<void>;
  readonly drip: () => Promise<void>;
};

/** Over a socket of Node's. */
export class PeerWire implements Wire {
  readonly #peer: Peer;
  readonly #pauses: Pauses;

  constructor(peer: Peer, pauses: Pauses) {
    this.#peer = peer;
    this.#pauses = pauses;
  }

  get ended(): boolean {
    return this.#peer.ended !== undefined || this.#peer.socket.destroyed;
  }

  head(): Promise<string | undefined> {
    return this.#peer.head();
  }

  async take(bytes: number): Promise<string> {
    return (await this.#peer.take(bytes)).toString('latin1');
  }

  async rest(): Promise<{ readonly text: string; readonly cut: boolean }> {
    const { data, end } = await this.#peer.rest();
    return { text: data.toString('latin1'), cut: end === 'reset' };
  }

  async write(text: string): Promise<void> {
    const { socket } = this.#peer;
    this.#peer.write(text);
    if (socket.writableNeedDrain) {
      const drained = new Promise((resolve) => socket.once('drain', resolve));
      await Promise.race([drained, this.#peer.closed]);
    }
    // The other side runs in this process: it must get its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async fin(): Promise<void> {
    this.#peer.finish();
  }

  async leave(): Promise<void> {
    this.#peer.leave();
  }

  async reset(late: boolean): Promise<void> {
    if (late) await this.#pauses.settle();
    this.#peer.reset();
  }

  stopReading(): void {
    this.#peer.socket.pause();
  }

  startReading(): void {
    this.#peer.socket.resume();
  }

  drip(): Promise<void> {
    return this.#pauses.drip();
  }
}

/** In virtual time, longer than all that may take. Whoever was reset may never hear of it. */
const PATIENCE_MS = 300_000;

/** Over a simulated network; `cut` says where a text falls apart into segments. */
export class StreamWire implements Wire {
  readonly stream: Stream;
  readonly #pauses: Pauses;
  readonly #cut: (length: number) => number;
  #held = '';
  ended = false;
  /** It reads no more. */
  deaf = false;

  constructor(stream: Stream, pauses: Pauses, cut: (length: number) => number) {
    this.stream = stream;
    this.#pauses = pauses;
    this.#cut = cut;
  }

  async head(): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf('\r\n\r\n');
      if (end >= 0) {
        const head = this.#held.slice(0, end);
        this.#held = this.#held.slice(end + 4);
        return head;
      }
      if (!(await this.#more())) return undefined;
    }
  }

  async take(bytes: number): Promise<string> {
    while (this.#held.length < bytes && (await this.#more()));
    const text = this.#held.slice(0, bytes);
    this.#held = this.#held.slice(bytes);
    return text;
  }

  async rest(): Promise<{ readonly text: string; readonly cut: boolean }> {
    let cut = false;
    try {
      while (await this.#more());
    } catch {
      cut = true;
    }
    const text = this.#held;
    this.#held = '';
    return { text, cut };
  }

  async #more(): Promise<boolean> {
    const data = await this.stream.recv({ timeoutMs: PATIENCE_MS });
    this.ended = data === undefined;
    if (data === undefined) return false;
    this.#held += Buffer.from(data).toString('latin1');
    return true;
  }

  async write(text: string): Promise<void> {
    try {
      const at = this.#cut(text.length);
      if (at > 0) {
        await this.stream.send(Buffer.from(text.slice(0, at), 'latin1'));
        await this.stream.flush();
      }
      await this.stream.send(Buffer.from(text.slice(at), 'latin1'));
      await this.stream.flush();
    } catch {
      this.ended = true;
    }
  }

  async fin(): Promise<void> {
    await this.stream.shutdown().catch(() => {});
  }

  async leave(): Promise<void> {
    await this.stream.close({ lingerMs: 0 }).catch(() => {});
  }

  async reset(late: boolean): Promise<void> {
    if (late) await this.#pauses.settle();
    await this.stream.close({ how: 'reset' }).catch(() => {});
  }

  stopReading(): void {
    this.deaf = true;
  }

  startReading(): void {
    this.deaf = false;
  }

  drip(): Promise<void> {
    return this.#pauses.drip();
  }
}
