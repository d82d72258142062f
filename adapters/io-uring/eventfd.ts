import { getSystemErrorName } from 'node:util';
import { IORING_REGISTER_EVENTFD } from './constants.ts';
import type { SystemCalls } from './system-calls.ts';

/** An eventfd that counts the ring's completions. */
export function registerEventfd(calls: SystemCalls, ring: number): number {
  const fd = calls.eventfd();
  if (fd < 0) throw new Error(`eventfd: ${getSystemErrorName(fd)}`);
  const argument = new Uint8Array(new Int32Array([fd]).buffer);
  const answer = calls.ringRegister(ring, IORING_REGISTER_EVENTFD, argument, 1);
  if (answer >= 0) return fd;
  calls.close(fd);
  throw new Error(`IORING_REGISTER_EVENTFD: ${getSystemErrorName(answer)}`);
}
