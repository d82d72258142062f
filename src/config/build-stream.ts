import {
  STREAM_SERVER_DEFAULTS,
  type StreamConf,
  type StreamServerConf,
} from '../server/conf/stream-conf.ts';
import { ConfigError } from './config-error.ts';
import { zonesOf } from './directives/limit.ts';
import { logFormatsOf } from './directives/log.ts';
import { lookupsOf } from './directives/lookup.ts';
import { upstreamsOf } from './directives/upstream.ts';
import { confOf } from './merge.ts';
import type { ConfigReader } from './reader.ts';
import type { Scope } from './scope.ts';

/** `stream { … }` as data, once all of it has been read. */
export function buildStream(stream: Scope, prefix: string, reader: ConfigReader): StreamConf {
  const scopes = stream.children.filter(({ context }) => context === 'stream-server');
  const servers = scopes.map((scope) => confOf(STREAM_SERVER_DEFAULTS, scope));
  checkDefaults(scopes, servers);
  return {
    servers,
    logFormats: [...logFormatsOf(stream).values()],
    upstreams: upstreamsOf(stream),
    connectionZones: zonesOf(stream).connectionZones,
    ...lookupsOf(stream),
    captureNames: [...reader.captureNames],
    prefix,
  };
}

/** An address has one default server; several servers need names, which only TLS tells. */
function checkDefaults(scopes: readonly Scope[], servers: readonly StreamServerConf[]): void {
  const defaults = new Set<string>();
  for (const [index, { streamListens }] of servers.entries()) {
    for (const { text, udp, defaultServer } of streamListens) {
      const key = udp ? `udp ${text}` : text;
      if (defaultServer && defaults.has(key)) {
        throw new ConfigError(`a duplicate default server for ${text}`, scopes[index]?.position);
      }
      if (defaultServer) defaults.add(key);
    }
  }
}
