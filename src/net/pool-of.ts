import { BufferPool } from '../core/buffer-pool.ts';
import type { ProactorPort } from '../core/proactor.ts';

const pools = new WeakMap<ProactorPort, BufferPool>();

/** The pool that the streams of one port share; it goes when the port does. */
export function poolOf(port: ProactorPort): BufferPool {
  let pool = pools.get(port);
  if (pool === undefined) {
    pool = new BufferPool();
    pools.set(port, pool);
  }
  return pool;
}

/** What one receive of a relay takes at most once there is much to move, in bytes. */
export const BULK_BYTES: number = 256 * 1024;
const BULK_IDLE_MAX = 32; // 8 MiB kept for the next bulk.
const bulkPools = new WeakMap<ProactorPort, BufferPool>();

/** The same for large chunks; `undefined` where the port would copy into them. */
export function bulkPoolOf(port: ProactorPort): BufferPool | undefined {
  if (port.capabilities.receive !== 'direct') return undefined;
  let pool = bulkPools.get(port);
  if (pool === undefined) {
    pool = new BufferPool(BULK_BYTES, BULK_IDLE_MAX);
    bulkPools.set(port, pool);
  }
  return pool;
}
