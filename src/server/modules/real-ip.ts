import type { ServerConnection } from '../../http/server-connection.ts';
import type { AdmissionConf, RealIpHeader } from '../conf/admission-conf.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import { type Handler, NEXT } from '../engine/verdict.ts';
import { AddressSet } from '../shared/address-table.ts';
import { forwardedAddress } from '../shared/forwarded-address.ts';
import { valuesOf } from './received-fields.ts';

/** `set_real_ip_from`: who is trusted to say whom they speak for. */
export const realIpModule: HttpModule = {
  name: 'real ip',
  variables: {
    realip_remote_addr: ({ from }) => from.connected,
    realip_remote_port: ({ from }) => (from.connectedPort === 0 ? '' : String(from.connectedPort)),
  },
  location({ conf, preAccess }, site) {
    if (conf.realIpFrom.length > 0) preAccess.push(handlerOf(conf, site));
  },
  /** What a server says holds before a location is known. */
  postRead(site) {
    const byConf = new Map<AdmissionConf, Handler>();
    for (const { location } of site.conf.servers) {
      if (location.realIpFrom.length > 0) byConf.set(location, handlerOf(location, site));
    }
    if (byConf.size === 0) return undefined;
    return (request) => byConf.get(request.location.conf)?.(request) ?? NEXT;
  },
};

function handlerOf(conf: AdmissionConf, { environment }: Site): Handler {
  const { realIpFrom, realIpHeader, realIpRecursive } = conf;
  const trusted = new AddressSet(realIpFrom, environment.hosts);
  const name = realIpHeader.kind === 'field' ? realIpHeader.name.toLowerCase() : '';
  return (request) => {
    const { from } = request;
    if (from.isReplaced) return NEXT;
    const values = valuesFor(request, realIpHeader, name);
    if (values.length === 0) return NEXT;
    const found = forwardedAddress(from.key, values, trusted, realIpRecursive);
    if (found === undefined) return NEXT;
    const isProxied = realIpHeader.kind === 'proxy-protocol';
    from.replace(found.address, isProxied ? (from.proxyHead?.source?.port ?? 0) : found.port);
    // Groups that choose a server by the client have it from here.
    request.attempts.address = found.address;
    return NEXT;
  };
}

/** Of a field that comes several times all values count with `X-Forwarded-For`, else the first. */
function valuesFor(request: Request, header: RealIpHeader, name: string): readonly string[] {
  if (header.kind === 'proxy-protocol') {
    const source = request.from.proxyHead?.source;
    return source === undefined ? [] : [source.address];
  }
  const { head } = request.client as ServerConnection;
  const values = valuesOf(head, name);
  return name === 'x-forwarded-for' ? values : values.slice(0, 1);
}
