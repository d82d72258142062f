import type { Endpoint } from '../../core/endpoint.ts';
import type { SocketId } from '../../core/operation.ts';
import type { StreamListenConf } from '../conf/stream-conf.ts';
import type { StreamServer } from './stream-server.ts';
import type { StreamSite } from './stream-site.ts';

/** One listening address and its default server: without TLS, nothing says which other is meant. */
export class StreamListener {
  readonly site: StreamSite;
  readonly conf: StreamListenConf;
  readonly server: StreamServer;
  /** Where it listens: the port is known. */
  endpoint: Endpoint;
  /** It listens on all addresses of its family. */
  readonly isWildcard: boolean;
  /** Takes a connection as if it had come to this address. */
  take: ((socket: SocketId, passes?: number) => void) | undefined;

  constructor(site: StreamSite, conf: StreamListenConf, server: StreamServer) {
    this.site = site;
    this.conf = conf;
    this.server = server;
    this.endpoint = conf.endpoint;
    this.isWildcard = conf.endpoint.address === '0.0.0.0' || conf.endpoint.address === '::';
  }
}
