import type { Getter } from '../../engine/variables.ts';
import { type ProxyEnd, tlvReader } from '../../shared/proxy-protocol.ts';
import type { StreamModule } from '../stream-module.ts';
import type { StreamSession } from '../stream-session.ts';

/** What the PROXY protocol's head has said: empty where there was none. */
export const streamProxyProtocolModule: StreamModule = {
  name: 'proxy protocol',
  variables: {
    proxy_protocol_addr: ({ proxyHead }) => addressText(proxyHead?.source),
    proxy_protocol_port: ({ proxyHead }) => portText(proxyHead?.source),
    proxy_protocol_server_addr: ({ proxyHead }) => addressText(proxyHead?.destination),
    proxy_protocol_server_port: ({ proxyHead }) => portText(proxyHead?.destination),
  },
  families: {
    proxy_protocol_tlv_: (name): Getter<StreamSession> => {
      const read = tlvReader(name);
      return ({ proxyHead }) => (proxyHead === undefined ? undefined : read?.(proxyHead.tlvs));
    },
  },
};

function addressText(end: ProxyEnd | undefined): string | undefined {
  return end?.address;
}

function portText(end: ProxyEnd | undefined): string | undefined {
  return end === undefined ? undefined : String(end.port);
}
