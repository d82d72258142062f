import { POLLOUT } from './constants.ts';
import type { Driver } from './driver.ts';
import { TAG } from './tag.ts';
import type { UringSocket } from './uring-socket.ts';

/** Waits until the socket has room for what the lane's first operation sends. */
export function waitForRoom(driver: Driver, { write, fd, id }: UringSocket): void {
  write.request = TAG.writable;
  driver.ring.poll(fd, POLLOUT, id, TAG.writable);
}

/** Ends the lane's first operation without a request, in its turn: its `outcome` says how. */
export function endInTurn(driver: Driver, { write, id }: UringSocket): void {
  write.request = TAG.ended;
  driver.ring.echo(id, TAG.ended);
}
