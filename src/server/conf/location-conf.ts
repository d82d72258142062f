import type { CoreConf, RewriteConf } from './core-conf.ts';
import type { HeadersConf } from './headers-conf.ts';
import type { LogConf } from './log-conf.ts';
import type { ProxyConf } from './proxy-conf.ts';

/**
 * Everything that holds in a location, inherited settings included. Each module adds its part here.
 */
export interface LocationConf extends CoreConf, RewriteConf, HeadersConf, LogConf, ProxyConf {
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
