import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A response as a client sees it, framing taken off. */
export type Seen = {
  readonly status: number;
  /** The head as text, the empty line left out. */
  readonly head: string;
  readonly body: Buffer;
};

/** How a connection ended for the one who reads it. */
export type End = 'fin' | 'reset';

const CRLF = '\r\n';
const HEAD_END = Buffer.from('\r\n\r\n');

/** One end of a raw connection that a test speaks for: client or upstream, byte by byte. */
export class Peer {
  readonly socket: Socket;
  #held: Buffer[] = [];
  #bytes = 0;
  #end: End | undefined;
  #wake: (() => void) | undefined;
  /** Bytes that have come so far. */
  received = 0;
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
    socket.on('data', (chunk: Buffer) => {
      this.#held.push(chunk);
      this.#bytes += chunk.length;
      this.received += chunk.length;
      this.#notify();
    });
    socket.on('end', () => this.#onEnd(wasReset(socket) ? 'reset' : 'fin'));
    socket.on('error', () => this.#onEnd('reset'));
    socket.on('close', () => this.#onEnd('reset'));
  }

  static async connect(port: number): Promise<Peer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return new Peer(socket);
  }

  get ended(): End | undefined {
    return this.#end;
  }

  write(data: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(data as string, 'latin1');
  }

  /** Sends FIN; reading goes on. */
  finish(): void {
    this.socket.end();
  }

  /** Closes both ways with FIN, as a program that has read everything does. */
  leave(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** The next head, the empty line left out; `undefined` where the connection ended instead. */
  async head(): Promise<string | undefined> {
    for (;;) {
      const all = this.#all();
      const end = all.indexOf(HEAD_END);
      if (end >= 0) return this.#take(end + HEAD_END.length).toString('latin1', 0, end);
      if (this.#end !== undefined) return undefined;
      await this.#more();
    }
  }

  /** Exactly so many bytes, or what came before the end. */
  async take(bytes: number): Promise<Buffer> {
    while (this.#bytes < bytes && this.#end === undefined) await this.#more();
    return this.#take(Math.min(bytes, this.#bytes));
  }

  /** All that comes until the connection ends. */
  async rest(): Promise<{ data: Buffer; end: End }> {
    while (this.#end === undefined) await this.#more();
    return { data: this.#take(this.#bytes), end: this.#end };
  }

  /** A whole response. `bodiless`: it answers HEAD. Throws where it was cut. */
  async response(bodiless = false): Promise<Seen> {
    const head = await this.head();
    if (head === undefined) throw new Error(`no response: ${this.#end}`);
    const status = Number(head.slice(9, 12));
    const none = bodiless || status === 204 || status === 304 || status < 200;
    return { status, head, body: none ? Buffer.alloc(0) : await this.#body(head) };
  }

  /** A chunked body, its framing taken off. */
  async chunks(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const size = Number.parseInt(await this.#line(), 16);
      if (size === 0) break;
      parts.push(await this.#exactly(size));
      await this.#exactly(CRLF.length);
    }
    await this.#line();
    return Buffer.concat(parts);
  }

  async #body(head: string): Promise<Buffer> {
    const length = fieldOf(head, 'content-length');
    if (length !== undefined) return this.#exactly(Number(length));
    if (fieldOf(head, 'transfer-encoding') !== undefined) return this.chunks();
    const { data, end } = await this.rest();
    if (end === 'reset') throw new Error(`cut after ${data.length} bytes`);
    return data;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#all().indexOf(CRLF);
      if (end >= 0) return this.#take(end + CRLF.length).toString('latin1', 0, end);
      if (this.#end !== undefined) throw new Error(`cut in a line: ${this.#end}`);
      await this.#more();
    }
  }

  async #exactly(bytes: number): Promise<Buffer> {
    const data = await this.take(bytes);
    if (data.length < bytes) throw new Error(`cut after ${data.length} of ${bytes} bytes`);
    return data;
  }

  #all(): Buffer {
    if (this.#held.length > 1) this.#held = [Buffer.concat(this.#held)];
    return this.#held[0] ?? Buffer.alloc(0);
  }

  #take(bytes: number): Buffer {
    const all = this.#all();
    this.#held = bytes < all.length ? [all.subarray(bytes)] : [];
    this.#bytes -= bytes;
    return all.subarray(0, bytes);
  }

  #onEnd(end: End): void {
    this.#end ??= end;
    this.#notify();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** libuv shows a RST right behind data as an end; a socket that was reset has no peer, though. */
export function wasReset(socket: Socket): boolean {
  const { _handle } = socket as { _handle?: { getpeername(out: object): number } | null };
  return !socket.writableEnded && (_handle?.getpeername({}) ?? 0) !== 0;
}

/** The value of a field of a head; `name` in lower case. */
export function fieldOf(head: string, name: string): string | undefined {
  return fieldsOf(head, name)[0];
}

export function fieldsOf(head: string, name: string): string[] {
  return head
    .split(CRLF)
    .slice(1)
    .filter((line) => line.slice(0, line.indexOf(':')).toLowerCase() === name)
    .map((line) => line.slice(line.indexOf(':') + 1).trim());
}
