import type { Template } from '../conf/template.ts';
import { ConnectionTable } from './connection-table.ts';
import { KnownNames } from './known-names.ts';
import { RateTable } from './rate-table.ts';
import { SessionTable } from './session-table.ts';

type Table = RateTable | ConnectionTable | SessionTable;
type Zone = { readonly key: string; readonly table: Table };

/** What a new configuration asks of a zone cannot be had. */
export class ZoneError extends Error {}

/**
 * Zones by name: what all servers of a process share, and what a new configuration takes over from
 * the previous one, where name, kind and size are the same.
 */
export class Zones {
  /** Those of the previous configuration; what is not asked for ends with this one. */
  readonly #inherited: ReadonlyMap<string, Zone>;
  readonly #zones = new Map<string, Zone>();
  /** Where servers are that have names. */
  readonly names: KnownNames;

  constructor(previous?: Zones) {
    this.names = new KnownNames(previous?.names);
    this.#inherited = previous === undefined ? new Map() : new Map(previous.#zones);
  }

  /** `key`: how its keys are made, as it is written. Throws `ZoneError` where that has changed. */
  rates(name: string, bytes: number, key: string): RateTable {
    return this.#zone('limit_req', name, bytes, key, RateTable);
  }

  connections(name: string, bytes: number, key: string): ConnectionTable {
    return this.#zone('limit_conn_zone', name, bytes, key, ConnectionTable);
  }

  /** Which servers sessions are bound to. */
  sessions(name: string, bytes: number): SessionTable {
    return this.#zone('sticky', name, bytes, '', SessionTable);
  }

  #zone<Made extends Table>(
    kind: string,
    name: string,
    bytes: number,
    key: string,
    make: new (bytes: number) => Made,
  ): Made {
    const id = `${kind} ${name}`;
    const known = this.#zones.get(id) ?? this.#inherited.get(id);
    const fits = known !== undefined && known.table.bytesMax === bytes;
    if (fits && known.key !== key) {
      throw new ZoneError(
        `${kind} "${name}" uses the "${key}" key while previously it used the "${known.key}" key`,
      );
    }
    const table = fits ? (known.table as Made) : new make(bytes);
    this.#zones.set(id, { key, table });
    return table;
  }
}

/** A template as it was written: what a key is compared by. */
export function templateText(template: Template): string {
  if (typeof template === 'string') return template;
  return template.map((part) => (typeof part === 'string' ? part : `$${part.name}`)).join('');
}
