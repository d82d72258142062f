import { randomFillSync } from 'node:crypto';
import { closeSync } from 'node:fs';
import { makeSharedMemory, mapSharedMemory } from '../../adapters/linux/shared-memory.ts';
import {
  type WantedZone,
  ZONE_HEAD,
  type ZoneCare,
  zoneCare,
  zoneMemoryBytes,
} from '../server/index.ts';
import type { GivenZone } from './worker-messages.ts';
import { pause } from './zone-pause.ts';

/** Size of one zone, and memory that it takes: lengths are numbers of 32 bits with a sign. */
const BYTES_MAX = 2 ** 30;
/** Processes that share a zone: for each worker, so many of older configurations may be there. */
const SLOTS_PER_WORKER = 4;
const SLOTS_MIN = 8;
const SECRET_WORDS = 4;

/** A zone in memory, as its master has it. */
type StoredZone = {
  readonly wanted: WantedZone;
  readonly slots: number;
  readonly bytes: number;
  readonly descriptor: number;
  readonly care: ZoneCare;
  readonly unmap: () => void;
  /** Crews whose workers use it. */
  users: number;
};

/** Shared memory of worker processes: what a new configuration has, too, is kept. */
export class ZoneStore {
  /** Of all workers that there are, whatever their configuration. */
  readonly #slots = new Set<number>();

  /**
   * For the workers of a new configuration; `previous`: of the one that it takes the place of.
   * `onFailure` is told of zones whose memory cannot be had, which are not among them.
   */
  crew(
    wanted: readonly WantedZone[],
    workers: number,
    previous: CrewZones | undefined,
    onFailure: (id: string, why: string) => void,
  ): CrewZones {
    const zones: StoredZone[] = [];
    for (const zone of wanted) {
      try {
        zones.push(previous?.take(zone, workers) ?? makeZone(zone, workers));
      } catch (error) {
        onFailure(zone.id, error instanceof Error ? error.message : String(error));
      }
    }
    return new CrewZones(zones, this.#slots);
  }
}

/** The zones of one crew. */
export class CrewZones {
  readonly #zones: readonly StoredZone[];
  readonly #slots: Set<number>;
  #hasEnded = false;

  constructor(zones: readonly StoredZone[], slots: Set<number>) {
    this.#zones = zones;
    this.#slots = slots;
    for (const zone of zones) zone.users += 1;
  }

  /** One that goes on as it is, where there is such a one. */
  take(wanted: WantedZone, workers: number): StoredZone | undefined {
    const { id, kind, bytes, key } = wanted;
    // Groups may have other servers now: what is known of those begins anew.
    if (kind === 'upstream') return undefined;
    const known = this.#zones.find((zone) => zone.wanted.id === id);
    if (known === undefined || known.users === 0 || known.slots < 2 * workers) return undefined;
    return known.wanted.bytes === bytes && known.wanted.key === key ? known : undefined;
  }

  /** A worker begins: its slot. */
  enter(): number {
    let slot = 0;
    while (this.#slots.has(slot)) slot += 1;
    this.#slots.add(slot);
    return slot;
  }

  get size(): number {
    return this.#zones.length;
  }

  /** What the worker of a slot is given. Those that have no room for it are not among them. */
  given(slot: number): readonly GivenZone[] {
    return this.#zones
      .filter(({ slots }) => slot < slots)
      .map(({ wanted: { id }, slots, bytes, descriptor }) => ({ id, slots, bytes, descriptor }));
  }

  /** A worker has ended. */
  left(slot: number): void {
    for (const { slots, care } of this.#zones) if (slot < slots) care.left(slot);
    this.#slots.delete(slot);
  }

  /** The last worker has ended, and none will come. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const zone of this.#zones) {
      zone.users -= 1;
      if (zone.users === 0) closeZone(zone);
    }
  }
}

function makeZone(wanted: WantedZone, workers: number): StoredZone {
  const slots = Math.max(SLOTS_MIN, 2 ** Math.ceil(Math.log2(SLOTS_PER_WORKER * workers)));
  const bytes = 8 * Math.ceil(zoneMemoryBytes(wanted, slots) / 8);
  if (Math.max(bytes, wanted.bytes) > BYTES_MAX)
    throw new Error(`a size of ${wanted.bytes} is too much`);
  const descriptor = makeSharedMemory(wanted.id, bytes);
  try {
    const { buffer, unmap } = mapSharedMemory(descriptor, bytes);
    randomFillSync(new Int32Array(buffer, ZONE_HEAD.secret * 4, SECRET_WORDS));
    const memory = { buffer, slots, slot: slots, originMs: 0, pause };
    const care = zoneCare(wanted, memory);
    return { wanted, slots, bytes, descriptor, care, unmap, users: 0 };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function closeZone({ descriptor, unmap }: StoredZone): void {
  unmap();
  closeSync(descriptor);
}
