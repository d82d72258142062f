import type { LocationConf } from '../../conf/location-conf.ts';
import type { Site } from '../../engine/site.ts';
import { prefixRule, type ValueRule } from './value-rules.ts';

/** What `proxy_redirect` makes of Location and Refresh. */
export function redirectRules(conf: LocationConf, site: Site): readonly ValueRule[] {
  return conf.proxyRedirects.flatMap((rule) => {
    if (rule !== 'default') return [prefixRule(rule, site)];
    const { proxyPass, text } = conf;
    // Where variables decide on the URL, nothing is known to go back from.
    if (proxyPass?.target === undefined || typeof proxyPass.url !== 'string') return [];
    const { url, target } = proxyPass;
    return [
      target.uri === ''
        ? prefixRule({ from: `${url}/`, to: '/' }, site)
        : prefixRule({ from: url, to: text }, site),
    ];
  });
}
