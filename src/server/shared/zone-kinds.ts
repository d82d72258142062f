import { countMemoryBytes, SharedConnectionTable } from './shared-connection-table.ts';
import { counterMemoryBytes, SharedCounters } from './shared-counters.ts';
import { peerMemoryBytes, SharedPeers } from './shared-peers.ts';
import { rateMemoryBytes, SharedRateTable } from './shared-rate-table.ts';
import { SharedSessionTable, sessionMemoryBytes } from './shared-session-table.ts';
import type { ZoneKind, ZoneMemory } from './zone-memory.ts';

/** A zone that a configuration uses. */
export type WantedZone = {
  readonly id: string;
  readonly kind: ZoneKind;
  /** What its entries may count for. */
  readonly bytes: number;
  /** How its keys are made, as it is written: another key is another zone. */
  readonly key: string;
};

/** Looks after a zone that other processes use. */
export interface ZoneCare {
  /** The process of this slot has ended. */
  left(slot: number): void;
}

/** Memory that the zone takes where up to `slots` processes share it. */
export function zoneMemoryBytes({ kind, bytes }: WantedZone, slots: number): number {
  switch (kind) {
    case 'limit_req':
      return rateMemoryBytes(bytes);
    case 'limit_conn_zone':
      return countMemoryBytes(bytes, slots);
    case 'sticky':
      return sessionMemoryBytes(bytes);
    case 'upstream':
      return peerMemoryBytes(slots);
    case 'connections':
      return counterMemoryBytes(slots);
    default:
      return kind satisfies never;
  }
}

export function zoneCare({ id, kind, bytes }: WantedZone, memory: ZoneMemory): ZoneCare {
  switch (kind) {
    case 'limit_req':
      return new SharedRateTable(bytes, id, memory);
    case 'limit_conn_zone':
      return new SharedConnectionTable(bytes, memory);
    case 'sticky':
      return new SharedSessionTable(bytes, memory);
    case 'upstream':
      return new SharedPeers(memory);
    case 'connections':
      return new SharedCounters(memory);
    default:
      return kind satisfies never;
  }
}
