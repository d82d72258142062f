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
