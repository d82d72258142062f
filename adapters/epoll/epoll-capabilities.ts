import type { Capabilities } from '../../src/core/capabilities.ts';
import { VECTORS_MAX } from './epoll-memory.ts';

/**
 * What Linux can do by plain system calls. An exclusive listener is registered with EPOLLEXCLUSIVE
 * while an accept waits, and else not at all. The kernel then wakes the first thread that waits on
 * such a descriptor itself; inside Node's loop none does (libuv waits on one that contains ours), so
 * that it goes on to all that wait. Measured, 1,000 connections to two ports: 2,000 wake-ups inside
 * Node's loop, 1,500 for ports that wait themselves and on io_uring, whose accepts are exclusive by
 * nature. Inside Node's loop `reusePort` is what wakes one alone.
 */
export const CAPABILITIES: Capabilities = {
  peek: 'kernel',
  receive: 'direct',
  gatherMax: VECTORS_MAX,
  sendProgress: 'exact',
  transmit: 'kernel',
  splice: 'kernel',
  datagramPressure: 'kernel',
  icmp: 'connected',
  datagramTrueSize: true,
  detach: true,
  adopt: true,
  fastOpen: true,
  exclusiveAccept: true,
  reusePort: true,
};
