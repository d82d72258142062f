import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import { type ProxyEnd, tlvReader } from '../shared/proxy-protocol.ts';

const source = ({ from }: Request): ProxyEnd | undefined => from.proxyHead?.source;
const destination = ({ from }: Request): ProxyEnd | undefined => from.proxyHead?.destination;

function portText(end: ProxyEnd | undefined): string {
  return end === undefined ? '' : String(end.port);
}

/** What the PROXY protocol has said of a connection, with `listen … proxy_protocol`. */
export const proxyProtocolModule: HttpModule = {
  name: 'proxy protocol',
  variables: {
    proxy_protocol_addr: (request) => source(request)?.address ?? '',
    proxy_protocol_port: (request) => portText(source(request)),
    proxy_protocol_server_addr: (request) => destination(request)?.address ?? '',
    proxy_protocol_server_port: (request) => portText(destination(request)),
  },
  families: {
    proxy_protocol_tlv_: (rest) => {
      const read = tlvReader(rest);
      return ({ from }) => from.proxyHead && read?.(from.proxyHead.tlvs);
    },
  },
};
