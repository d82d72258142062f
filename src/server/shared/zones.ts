import type { Template } from '../conf/template.ts';
import { ConnectionTable, type Counts } from './connection-table.ts';
import { KnownNames } from './known-names.ts';
import { type Rates, RateTable } from './rate-table.ts';
import { type Sessions, SessionTable } from './session-table.ts';
import { SharedConnectionTable } from './shared-connection-table.ts';
import { SharedCounters } from './shared-counters.ts';
import { SharedPeers } from './shared-peers.ts';
import { SharedRateTable } from './shared-rate-table.ts';
import { SharedSessionTable } from './shared-session-table.ts';
import type { WantedZone } from './zone-kinds.ts';
import type { SharedZones, ZoneKind, ZoneMemory } from './zone-memory.ts';

type Table = Rates | Counts | Sessions;
type Zone = { readonly key: string; readonly table: Table };

/** What a new configuration asks of a zone cannot be had. */
export class ZoneError extends Error {}

/**
 * Zones by name: what all servers of a process share, and what a new configuration takes over from
 * the previous one, where name, kind and size are the same. Some may be shared with other processes.
 */
export class Zones {
  /** Those of the previous configuration; what is not asked for ends with this one. */
  readonly #inherited: ReadonlyMap<string, Zone>;
  readonly #zones = new Map<string, Zone>();
  readonly #peers = new Map<string, SharedPeers>();
  readonly #wanted = new Map<string, WantedZone>();
  readonly #shared: SharedZones | undefined;
  /** Where servers are that have names. */
  readonly names: KnownNames;

  constructor(previous?: Zones, shared?: SharedZones) {
    this.names = new KnownNames(previous?.names);
    this.#inherited = previous === undefined ? new Map() : new Map(previous.#zones);
    this.#shared = shared;
  }

  /** What was asked for that processes can share. */
  get wanted(): readonly WantedZone[] {
    return [...this.#wanted.values()];
  }

  /** `key`: how its keys are made, as it is written. Throws `ZoneError` where that has changed. */
  rates(name: string, bytes: number, key: string): Rates {
    const id = `limit_req ${name}`;
    const memory = this.#memory('limit_req', name, bytes, key);
    return this.#zone('limit_req', name, bytes, key, () =>
      memory === undefined ? new RateTable(bytes, id) : new SharedRateTable(bytes, id, memory),
    );
  }

  connections(name: string, bytes: number, key: string): Counts {
    const memory = this.#memory('limit_conn_zone', name, bytes, key);
    return this.#zone('limit_conn_zone', name, bytes, key, () =>
      memory === undefined ? new ConnectionTable(bytes) : new SharedConnectionTable(bytes, memory),
    );
  }

  /** Which servers sessions are bound to. */
  sessions(name: string, bytes: number): Sessions {
    const memory = this.#memory('sticky', name, bytes, '');
    return this.#zone('sticky', name, bytes, '', () =>
      memory === undefined ? new SessionTable(bytes) : new SharedSessionTable(bytes, memory),
    );
  }

  /** What is known of the servers of groups; `undefined`: there is but this process. */
  peers(block: 'http' | 'stream', name: string): SharedPeers | undefined {
    const id = `${block} ${name}`;
    let known = this.#peers.get(id);
    if (known === undefined) {
      const memory = this.#memory('upstream', id, 0, '');
      known = memory && new SharedPeers(memory);
      if (known !== undefined) this.#peers.set(id, known);
    }
    return known;
  }

  /** Connections of all processes; `undefined`: there is but this one. */
  counters(): SharedCounters | undefined {
    const memory = this.#memory('connections', 'http', 0, '');
    return memory === undefined ? undefined : new SharedCounters(memory);
  }

  #memory(kind: ZoneKind, name: string, bytes: number, key: string): ZoneMemory | undefined {
    const id = `${kind} ${name}`;
    this.#wanted.set(id, { id, kind, bytes, key });
    return this.#shared?.zone(id);
  }

  #zone<Made extends Table>(
    kind: string,
    name: string,
    bytes: number,
    key: string,
    make: () => Made,
  ): Made {
    const id = `${kind} ${name}`;
    const known = this.#zones.get(id) ?? this.#inherited.get(id);
    const fits = known !== undefined && known.table.bytesMax === bytes;
    if (fits && known.key !== key) {
      throw new ZoneError(
        `${kind} "${name}" uses the "${key}" key while previously it used the "${known.key}" key`,
      );
    }
    const table = fits ? (known.table as Made) : make();
    this.#zones.set(id, { key, table });
    return table;
  }
}

/** A template as it was written: what a key is compared by. */
export function templateText(template: Template): string {
  if (typeof template === 'string') return template;
  return template.map((part) => (typeof part === 'string' ? part : `$${part.name}`)).join('');
}
