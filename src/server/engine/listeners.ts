import type { BufferPool } from '../../core/buffer-pool.ts';
import type { HeadLimits } from '../../http/head-limits.ts';
import { ParserPool } from '../../http/parser-pool.ts';
import { ActivityPool } from '../../http/server-activity.ts';
import type { ListenConf, ServerConf } from '../conf/site-conf.ts';
import { headRulesOf } from './head-rules.ts';
import { HttpListener } from './listener.ts';
import type { Site } from './site.ts';
import { VirtualServer, VirtualServers } from './virtual-servers.ts';

/** The limits of a location decide; the connection itself counts no further. */
const REQUESTS_MAX = Number.MAX_SAFE_INTEGER;
const BODY_BYTES_MAX = Number.MAX_SAFE_INTEGER;

/** One for each address that servers of the site listen on. */
export function makeListeners(site: Site, buffers: BufferPool): readonly HttpListener[] {
  const byAddress = new Map<string, { listens: ListenConf[]; servers: VirtualServer[] }>();
  for (const conf of site.conf.servers) {
    const server = new VirtualServer(conf, site.makeLocation(conf.location));
    for (const module of site.modules) module.server?.(server, site);
    for (const listen of conf.listens) {
      const { family, address, port } = listen.endpoint;
      const key = `${family} ${address} ${port}`;
      const group = byAddress.get(key) ?? { listens: [], servers: [] };
      group.listens.push(listen);
      group.servers.push(server);
      byAddress.set(key, group);
    }
  }
  const listeners = [...byAddress.values()].map(({ listens, servers }) => {
    const chosen = Math.max(
      0,
      listens.findIndex(({ defaultServer }) => defaultServer),
    );
    const fallback = servers[chosen] as VirtualServer;
    const proxyProtocol = listens.some((listen) => listen.proxyProtocol);
    const listen = { ...(listens[chosen] as ListenConf), proxyProtocol };
    return makeListener(site, listen, new VirtualServers(servers, fallback), buffers);
  });
  adoptInner(listeners);
  return listeners;
}

function makeListener(
  site: Site,
  listen: ListenConf,
  servers: VirtualServers,
  buffers: BufferPool,
): HttpListener {
  const { port } = site;
  const { conf } = servers.fallback;
  const { location } = conf;
  const parsers = new ParserPool('request', limitsOf(conf), headRulesOf(conf));
  const timeouts = {
    headMs: conf.clientHeaderTimeout,
    bodyMs: location.clientBodyTimeout,
    sendMs: location.sendTimeout,
    // The first request must begin as fast as it must go on.
    idleMs: conf.clientHeaderTimeout,
  };
  return new HttpListener(site, listen, servers, {
    port,
    activities: new ActivityPool(port, buffers, parsers, timeouts.sendMs),
    timeouts,
    requestsMax: REQUESTS_MAX,
    bodyBytesMax: BODY_BYTES_MAX,
  });
}

/** A line fits into one of the large buffers, all of them together bound the head. */
function limitsOf(conf: ServerConf): HeadLimits {
  const { size, number } = conf.largeClientHeaderBuffers;
  return {
    headBytesMax: conf.clientHeaderBufferSize + size * number,
    lineBytesMax: size,
    targetBytesMax: size,
    fieldsMax: conf.maxHeaders,
  };
}

/** As nginx does: the socket for every address of a port has the connections of single ones, too. */
function adoptInner(listeners: readonly HttpListener[]): void {
  for (const inner of listeners) {
    const { family, address, port } = inner.endpoint;
    if (family === 'unix' || isWildcard(address)) continue;
    const outer = listeners.find(
      ({ endpoint, conf }) =>
        endpoint.family === family &&
        endpoint.port === port &&
        isWildcard(endpoint.address) &&
        conf.proxyProtocol === inner.conf.proxyProtocol,
    );
    if (port !== 0) outer?.adopt(inner);
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
