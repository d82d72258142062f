import type { Capabilities } from '../../src/core/capabilities.ts';
import { VECTORS_MAX } from './epoll-memory.ts';

/** What Linux can do by plain system calls. */
export const CAPABILITIES: Capabilities = {
  peek: 'kernel',
  receive: 'direct',
  gatherMax: VECTORS_MAX,
  sendProgress: 'exact',
  transmit: 'kernel',
  datagramPressure: 'kernel',
  icmp: 'connected',
  datagramTrueSize: true,
  detach: false,
  reusePort: true,
};
