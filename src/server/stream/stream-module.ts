import type { FamilyTable, VariableTable } from '../engine/variables.ts';
import type { StreamServer } from './stream-server.ts';
import type { StreamSession } from './stream-session.ts';
import type { StreamSite } from './stream-site.ts';

/** `stream`'s counterpart of `HttpModule`: it looks at the configuration once, and adds handlers. */
export interface StreamModule {
  readonly name: string;
  readonly variables?: VariableTable<StreamSession>;
  readonly families?: FamilyTable<StreamSession>;
  /** Before servers are made: variables of the configuration, zones, groups. */
  readonly site?: (site: StreamSite) => void;
  /** For each server: `server.conf` says what is wanted there. */
  readonly server?: (server: StreamServer, site: StreamSite) => void;
}
