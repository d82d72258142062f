import { timerOperation } from '../../core/operations.ts';
import { HOLD } from './body-chain.ts';
import {
  type BodyFilter,
  type BodyNext,
  type Piece,
  pieceCopy,
  pieceSlice,
} from './body-filter.ts';
import type { Request } from './request.ts';

const SECOND = 1000;
/** Bytes that wait here before the source of the body has to wait, too. */
const KEPT_BYTES = 64 * 1024;

/** Lets a body through at so many bytes a second, the first second's at once. */
export class RatePacer implements BodyFilter {
  readonly #request: Request;
  readonly #next: BodyNext;
  readonly #rate: number;
  readonly #after: number;
  readonly #timer = timerOperation(() => this.#pump());
  #kept: Piece[] = [];
  #keptBytes = 0;
  #sent = 0;
  #ended = false;
  #isHigh = false;
  #stopped = false;

  /** `rate`: bytes per second, 1 or more; `after`: bytes that are let through before. */
  constructor(request: Request, next: BodyNext, rate: number, after: number) {
    this.#request = request;
    this.#next = next;
    this.#rate = rate;
    this.#after = after;
  }

  write(piece: Piece): void {
    this.#kept.push(pieceCopy(piece));
    this.#keptBytes += piece.length;
    this.#pump();
    if (this.#keptBytes >= KEPT_BYTES) this.#request.holdFor(HOLD.rate);
  }

  end(): void {
    this.#ended = true;
    if (this.#keptBytes === 0) this.#next.end();
  }

  level(level: 'open' | 'high'): void {
    this.#isHigh = level === 'high';
    if (!this.#isHigh) this.#pump();
  }

  stop(): void {
    this.#stopped = true;
    this.#request.site.port.cancel(this.#timer);
    this.#kept = [];
    this.#keptBytes = 0;
  }

  #pump(): void {
    const { port } = this.#request.site;
    if (this.#stopped || this.#isHigh || this.#timer.status === 'pending') return;
    const nowMs = port.loop.nowMs();
    const seconds = Math.floor((nowMs - this.#request.startedMs) / SECOND) + 1;
    const { headBytes } = this.#request;
    const allowed = this.#rate * seconds + this.#after - headBytes - this.#sent;
    const sent = allowed > 0 ? this.#pass(allowed) : 0;
    if (this.#stopped || this.#keptBytes === 0) return;
    const waitMs = (allowed > 0 ? sent : -allowed) * (SECOND / this.#rate);
    this.#timer.atMs = nowMs + Math.ceil(waitMs) + 1;
    port.submit(this.#timer);
  }

  /** Lets up to `bytes` through. */
  #pass(bytes: number): number {
    let passed = 0;
    while (passed < bytes && !this.#stopped) {
      const piece = this.#kept[0];
      if (piece === undefined) break;
      const length = Math.min(piece.length, bytes - passed);
      if (length === piece.length) this.#kept.shift();
      else this.#kept[0] = pieceSlice(piece, length, piece.length);
      passed += length;
      this.#sent += length;
      this.#keptBytes -= length;
      this.#next.write(pieceSlice(piece, 0, length));
    }
    if (this.#keptBytes < KEPT_BYTES) this.#request.releaseFor(HOLD.rate);
    if (this.#ended && this.#keptBytes === 0 && !this.#stopped) this.#next.end();
    return passed;
  }
}
