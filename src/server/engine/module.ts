import type { Location } from './location.ts';
import type { Site } from './site.ts';
import type { FamilyTable, VariableTable } from './variables.ts';
import type { Handler } from './verdict.ts';
import type { VirtualServer } from './virtual-servers.ts';

/**
 * A part of what a site can do. It looks at the configuration once, when the site is made, and
 * puts its handlers where they are needed: what is not configured costs nothing.
 */
export interface HttpModule {
  readonly name: string;
  /** Variables that exist in every site. */
  readonly variables?: VariableTable;
  readonly families?: FamilyTable;
  /** Before servers and locations are made: variables of the configuration, zones, groups. */
  readonly site?: (site: Site) => void;
  /** For each location: `location.conf` says what is wanted there. */
  readonly location?: (location: Location, site: Site) => void;
  /** When all of the site is made: what its variables are used for is known. */
  readonly settled?: (site: Site) => void;
  readonly server?: (server: VirtualServer, site: Site) => void;
  /** Runs for every request, before anything else. */
  readonly postRead?: (site: Site) => Handler | undefined;
}
