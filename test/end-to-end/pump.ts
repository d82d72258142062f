import type { Socket } from 'node:net';

const piece: Buffer = Buffer.alloc(64 * 1024, 'x');

/** Writes so many bytes, made as it goes, as fast as they are taken. */
export function pump(socket: Socket, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= piece.length;
      if (!socket.write(piece)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}
