import type { StreamListenConf } from '../server/conf/stream-conf.ts';
import type { Use } from './directive.ts';
import { endpointOf, listenOf } from './listen.ts';

/** Parameters that mean nothing for datagrams. */
const NOT_WITH_UDP =
  /^(fastopen|backlog|accept_filter|deferred|multipath|ssl|so_keepalive|proxy_protocol)(?:=|$)/;

/** `listen 127.0.0.1:53 udp reuseport`: a port must be given. */
export function streamListenOf(use: Use): StreamListenConf {
  const [address = '', ...words] = use.args;
  const hasPort = address.startsWith('unix:') || /^\d+$|:\d+$/.test(address);
  if (!hasPort && endpointOf(address) !== undefined) {
    use.fail(`no port in "${address}" of the "listen" directive`);
  }
  const udp = words.includes('udp');
  if (!udp) return { ...listenOf(use), udp };
  for (const word of words) {
    const name = NOT_WITH_UDP.exec(word)?.[1];
    if (name !== undefined)
      use.fail(`"listen" directive "${name}" parameter is incompatible with "udp"`);
  }
  const listen = listenOf(use, (word) => word === 'udp');
  return { ...listen, udp };
}
