import { sendBytes, sendChunk } from '../../http/send-body.ts';
import type { BodyFilter, BodyNext, Piece } from './body-filter.ts';
import type { ResponseWriter } from './response-writer.ts';

/** Why a body waits; several reasons may hold at once. */
export const HOLD = {
  /** What is behind it takes no more for now. */
  client: 1,
  /** Its turn to be sent has not come. */
  turn: 2,
  /** A filter waits for something else. */
  filter: 4,
  /** What a filter keeps has reached its bound: it says so itself, and goes on with that. */
  full: 8,
  /** So much at once is more than its rate. */
  rate: 16,
} as const;

/** What a body goes through between whoever makes it and whoever takes it. Made where there are filters. */
export class BodyChain implements BodyNext {
  readonly #request: ResponseWriter;
  readonly #filters: BodyFilter[] = [];
  readonly #links: Link[] = [];
  #holds = 0;
  #stopped = false;

  constructor(request: ResponseWriter) {
    this.#request = request;
  }

  /** Behind those that are there. */
  add(make: (next: BodyNext) => BodyFilter): void {
    const link = new Link();
    const filter = make(link);
    const last = this.#links.at(-1);
    if (last !== undefined) last.to = filter;
    this.#filters.push(filter);
    this.#links.push(link);
  }

  /** Where it all goes in the end: to the client, or for a subrequest to its `tail`. */
  finish(tail: BodyNext | undefined): void {
    this.#end(
      tail === undefined ? new ClientTail(this.#request) : new InnerTail(this.#request, tail),
    );
  }

  #end(tail: BodyNext): void {
    const last = this.#links.at(-1);
    if (last === undefined) this.#filters.push(tail);
    else last.to = tail;
  }

  get isHeld(): boolean {
    return this.#holds !== 0;
  }

  write(piece: Piece): void {
    if (!this.#stopped && piece.length > 0) this.#filters[0]?.write(piece);
  }

  end(): void {
    if (!this.#stopped) this.#filters[0]?.end();
  }

  hold(why: number): void {
    const before = this.#holds;
    if (this.#stopped) return;
    this.#holds |= why;
    this.#flows(before);
    if (before === 0) this.#request.holdBody();
  }

  release(why: number): void {
    const before = this.#holds;
    this.#holds &= ~why;
    this.#flows(before);
    if (before !== 0 && this.#holds === 0 && !this.#stopped) this.#request.releaseBody();
  }

  /** Tells filters where somebody else than they themselves has changed something. */
  #flows(before: number): void {
    const open = (this.#holds & ~HOLD.full) === 0;
    if (this.#stopped || open === ((before & ~HOLD.full) === 0)) return;
    for (const filter of this.#filters) filter.flow?.(open);
  }

  level(level: 'open' | 'high'): void {
    if (this.#stopped) return;
    for (const filter of this.#filters) filter.level?.(level);
    if (level === 'high') this.hold(HOLD.client);
    else this.release(HOLD.client);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const filter of this.#filters) filter.stop?.();
  }
}

/** What a filter knows of the one behind it, which is added later. */
class Link implements BodyNext {
  to: BodyNext | undefined;

  write(piece: Piece): void {
    if (piece.length > 0) this.to?.write(piece);
  }

  end(): void {
    this.to?.end();
  }
}

/** The client's connection. */
class ClientTail implements BodyNext {
  readonly #request: ResponseWriter;

  constructor(request: ResponseWriter) {
    this.#request = request;
  }

  write(piece: Piece): void {
    const request = this.#request;
    const { reframes, client } = request;
    // The answer was cut while a filter was at work.
    if (client === undefined) return;
    request.sendHeldHead();
    request.bodyBytes += piece.length;
    request.countFraming(piece.length);
    if (typeof piece === 'string') {
      client.send(reframes ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
    } else {
      const send = reframes ? sendChunk : sendBytes;
      if (!send(client.outbox, piece, 0, piece.length, false)) request.cut();
    }
    // While a request is being begun, its connection tells it nothing.
    if (request.client?.outbox.level === 'high') request.responseLevel('high');
  }

  end(): void {
    if (this.#request.client !== undefined) this.#request.completed();
  }
}

/** Where the body of a subrequest goes. */
class InnerTail implements BodyNext {
  readonly #request: ResponseWriter;
  readonly #tail: BodyNext;

  constructor(request: ResponseWriter, tail: BodyNext) {
    this.#request = request;
    this.#tail = tail;
  }

  write(piece: Piece): void {
    this.#request.bodyBytes += piece.length;
    this.#tail.write(piece);
  }

  end(): void {
    const { bodyBytes, subrequests } = this.#request;
    const stub = subrequests?.options?.stub;
    if (bodyBytes === 0 && stub !== undefined) this.#tail.write(stub);
    this.#request.completed();
  }
}
