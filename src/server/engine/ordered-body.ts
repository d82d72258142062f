import { HOLD } from './body-chain.ts';
import { type BodyFilter, type BodyNext, type Piece, pieceCopy } from './body-filter.ts';
import type { Request } from './request.ts';
import { type SubrequestOptions, startSubrequest } from './subrequest.ts';

/** Bytes that wait for their turn, of one body: beyond that its source waits. */
const QUEUED_BYTES_MAX = 64 * 1024;

/**
 * A body with bodies of subrequests in it: all go on at once, and are sent in order.
 *
 *   text │ subrequest (its turn: straight through) │ text │ subrequest (queues) │ …
 */
export class OrderedBody implements BodyFilter {
  readonly #request: Request;
  readonly #next: BodyNext;
  readonly #queue: (Piece | Included)[] = [];
  #queuedBytes = 0;
  #ended = false;
  #advancing = false;

  constructor(request: Request, next: BodyNext) {
    this.#request = request;
    this.#next = next;
  }

  write(piece: Piece): void {
    if (this.#queue.length === 0) {
      this.#next.write(piece);
      return;
    }
    this.#queue.push(pieceCopy(piece));
    this.#queuedBytes += piece.length;
    if (this.#queuedBytes > QUEUED_BYTES_MAX) this.#request.holdFor(HOLD.turn);
  }

  /** The body of a subrequest comes here. `undefined`: there may be no more of them. */
  include(options: Omit<SubrequestOptions, 'tail'>): Request | undefined {
    const included = new Included(this, this.#next);
    this.#queue.push(included);
    if (this.#queue[0] === included) included.turn();
    const sub = startSubrequest(
      this.#request,
      { ...options, isIncluded: true, tail: included },
      (request) => {
        included.request = request;
      },
    );
    if (sub === undefined) included.end();
    return sub;
  }

  end(): void {
    this.#ended = true;
    if (this.#queue.length === 0) this.#next.end();
  }

  level(level: 'open' | 'high'): void {
    const [first] = this.#queue;
    if (first instanceof Included) first.request?.responseLevel(level);
  }

  /** The body at the front is complete: what is behind it has its turn. */
  advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (first instanceof Included) {
        first.turn();
        if (!first.ended) break;
        this.#queue.shift();
      } else {
        this.#queue.shift();
        this.#queuedBytes -= first.length;
        this.#next.write(first);
      }
    }
    this.#advancing = false;
    if (this.#queuedBytes <= QUEUED_BYTES_MAX) this.#request.releaseFor(HOLD.turn);
    if (this.#queue.length === 0 && this.#ended) {
      this.#ended = false;
      this.#next.end();
    }
  }
}

/** The body of one subrequest, until and while it is its turn. */
class Included implements BodyNext {
  request: Request | undefined;
  ended = false;
  readonly #order: OrderedBody;
  readonly #next: BodyNext;
  readonly #pieces: Piece[] = [];
  #bytes = 0;
  #hasTurn = false;

  constructor(order: OrderedBody, next: BodyNext) {
    this.#order = order;
    this.#next = next;
  }

  turn(): void {
    if (this.#hasTurn) return;
    this.#hasTurn = true;
    for (const piece of this.#pieces.splice(0)) this.#next.write(piece);
    this.request?.releaseFor(HOLD.turn);
  }

  write(piece: Piece): void {
    if (this.#hasTurn) {
      this.#next.write(piece);
      return;
    }
    this.#pieces.push(pieceCopy(piece));
    this.#bytes += piece.length;
    if (this.#bytes > QUEUED_BYTES_MAX) this.request?.holdFor(HOLD.turn);
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.request = undefined;
    if (this.#hasTurn) this.#order.advance();
  }
}
