import type { StreamModule } from '../stream-module.ts';
import { TcpSession } from '../tcp-session.ts';
import type { UdpSession } from '../udp-session.ts';
import { StreamProxy } from './stream-proxy.ts';
import { StreamTargets } from './targets.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { UdpProxy } from './udp-proxy.ts';
import { upstreamVariables } from './variables.ts';

const KEY = Symbol('targets');

/** `proxy_pass`: clients are joined with other servers. */
export const streamProxyModule: StreamModule = {
  name: 'proxy',
  variables: upstreamVariables,
  site(site) {
    site.parts.set(KEY, new StreamTargets(site));
  },
  server(server, site) {
    const { streamContent } = server.conf;
    if (streamContent?.kind !== 'proxy') return;
    const targets = site.parts.get(KEY) as StreamTargets;
    const proxy = new StreamProxy(site, server.conf, streamContent.to, targets);
    server.content = (session) => {
      const work =
        session instanceof TcpSession
          ? new TcpProxy(session, proxy)
          : new UdpProxy(session as UdpSession, proxy);
      work.begin();
    };
  },
};
