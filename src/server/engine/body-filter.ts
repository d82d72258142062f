import { Buffer } from 'node:buffer';
import { latin1 } from '../../http/latin1.ts';

/** Part of a body: latin1 text, or bytes that are lent for the call. */
export type Piece = string | Uint8Array;

/** Where a body goes on. */
export interface BodyNext {
  write(piece: Piece): void;
  /** The body is complete. */
  end(): void;
}

/**
 * Takes a body as it comes and passes on what becomes of it. Whoever keeps more than it passes on
 * has a bound for that, or makes its source wait (`Request.hold`).
 */
export interface BodyFilter extends BodyNext {
  /** The one behind it takes less, or again more. */
  level?(level: 'open' | 'high'): void;
  /** For filters that make more of a body than comes: whether it is to wait, whatever the reason. */
  flow?(open: boolean): void;
  /** The answer ends here, complete or not. */
  stop?(): void;
}

export function pieceBytes(piece: Piece): number {
  return piece.length;
}

/** From `start` up to and without `end`; lent like the piece itself. */
export function pieceSlice(piece: Piece, start: number, end: number): Piece {
  if (start === 0 && end === piece.length) return piece;
  return typeof piece === 'string' ? piece.slice(start, end) : piece.subarray(start, end);
}

/** As latin1 text. */
export function pieceText(piece: Piece): string {
  return typeof piece === 'string' ? piece : latin1(piece, 0, piece.length);
}

/** As bytes; lent like the piece itself. */
export function pieceData(piece: Piece): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
}

/** For keeping. */
export function pieceCopy(piece: Piece): Piece {
  return typeof piece === 'string' ? piece : Uint8Array.prototype.slice.call(piece);
}
