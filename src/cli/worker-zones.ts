import { closeSync } from 'node:fs';
import { mapSharedMemory } from '../../adapters/linux/shared-memory.ts';
import type { ErrorLog, SharedZones, ZoneMemory } from '../server/index.ts';
import type { GivenZone } from './worker-messages.ts';
import { pause } from './zone-pause.ts';

const NS_PER_MS = 1e6;

/**
 * The zones that the master has given to this worker. Their time is the system's monotonic clock;
 * `nowMs` is that of the loop, which begins with the process.
 */
export function workerZones(
  given: readonly GivenZone[],
  slot: number,
  nowMs: number,
  log: ErrorLog,
): SharedZones {
  const zones = new Map<string, ZoneMemory>();
  const originMs = Number(process.hrtime.bigint()) / NS_PER_MS - nowMs;
  for (const { id, slots, bytes, descriptor } of given) {
    try {
      const { buffer } = mapSharedMemory(descriptor, bytes);
      zones.set(id, { buffer, slots, slot, originMs, pause });
    } catch (error) {
      log.write('alert', `zone "${id}" is not shared: ${String(error)}`);
    }
    closeSync(descriptor);
  }
  return { zone: (id) => zones.get(id) };
}
