import type { Location } from '../../engine/location.ts';
import type { HttpModule } from '../../engine/module.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import { type Handler, TAKEN } from '../../engine/verdict.ts';
import { ProxyExchange } from './exchange.ts';
import { upstreamsOf } from './upstreams.ts';
import { upstreamVariables } from './variables.ts';

/** `proxy_pass`: requests go to other servers. */
export const proxyModule: HttpModule = {
  name: 'proxy',
  ...upstreamVariables,
  location(location, site) {
    const { proxyPass } = location.conf;
    if (proxyPass === undefined) return;
    location.handler = handlerOf(location, site);
    location.autoRedirect = location.conf.text.endsWith('/');
  },
};

function handlerOf(location: Location, site: Site): Handler {
  const exchange = new ProxyExchange(location, site, upstreamsOf(site));
  return (request: Request) => {
    exchange.begin(request);
    return TAKEN;
  };
}
