import type { AdmissionConf } from './admission-conf.ts';
import type { CharsetConf } from './charset-conf.ts';
import type { CoreConf, RewriteConf } from './core-conf.ts';
import type { FileConf } from './file-conf.ts';
import type { GzipConf } from './gzip-conf.ts';
import type { HeadersConf } from './headers-conf.ts';
import type { LimitConf } from './limit-conf.ts';
import type { ListingConf } from './listing-conf.ts';
import type { LogConf } from './log-conf.ts';
import type { PhaseConf } from './phase-conf.ts';
import type { ProxyConf } from './proxy-conf.ts';
import type { SsiConf } from './ssi-conf.ts';
import type { StatusConf } from './status-conf.ts';
import type { SubFilterConf } from './sub-filter-conf.ts';
import type { SubrequestsConf } from './subrequests-conf.ts';
import type { UserIdConf } from './user-id-conf.ts';

/**
 * Everything that holds in a location, inherited settings included. Each module adds its part here.
 */
export interface LocationConf
  extends CoreConf,
    RewriteConf,
    FileConf,
    HeadersConf,
    LogConf,
    ProxyConf,
    PhaseConf,
    StatusConf,
    AdmissionConf,
    UserIdConf,
    LimitConf,
    ListingConf,
    SsiConf,
    SubrequestsConf,
    SubFilterConf,
    CharsetConf,
    GzipConf {
  /** As it is written: `/images/`, `\.php$`, `@fallback`. */
  readonly text: string;
  readonly match: 'exact' | 'prefix' | 'prefix-final' | 'regex' | 'named';
  /** With `match: 'regex'`. */
  readonly regex: RegExp | undefined;
  /** Locations inside this one, in the file's order. */
  readonly locations: readonly LocationConf[];
  /** `limit_except GET { … }`: for other methods, these settings hold. */
  readonly limitExcept:
    | { readonly methods: readonly string[]; readonly location: LocationConf }
    | undefined;
}
