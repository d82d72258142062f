import type { Endpoint } from '../../../core/endpoint.ts';
import { AddressSet } from '../../shared/address-table.ts';
import { IpKey } from '../../shared/ip-key.ts';
import { addressOf } from '../client-text.ts';
import type { StreamModule } from '../stream-module.ts';

/** `set_real_ip_from`: whom the PROXY protocol names takes the place of who has connected. */
export const streamRealIpModule: StreamModule = {
  name: 'real ip',
  variables: {
    realip_remote_addr: ({ peer }) => (peer.family === 'unix' ? 'unix:' : peer.address),
    realip_remote_port: ({ peer }) => (peer.port === 0 ? '' : String(peer.port)),
  },
  server(server, { environment }) {
    const { realIpFrom } = server.conf;
    if (realIpFrom.length === 0) return;
    const trusted = new AddressSet(realIpFrom, environment.hosts);
    const key = new IpKey();
    server.postAccept.push((session) => {
      const source = session.proxyHead?.source;
      if (source === undefined || !trusted.has(key.read(addressOf(session)))) return 0;
      const family: Endpoint['family'] = source.address.includes(':') ? 'ipv6' : 'ipv4';
      session.remote = { family, address: source.address, port: source.port };
      return 0;
    });
  },
};
