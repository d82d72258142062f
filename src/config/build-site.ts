import type { LocationConf } from '../server/conf/location-conf.ts';
import type { Instruction, Script } from '../server/conf/script.ts';
import type { ListenConf, ServerConf, ServerName, SiteConf } from '../server/conf/site-conf.ts';
import { ConfigError } from './config-error.ts';
import { charsetMapsOf } from './directives/charset.ts';
import { badNamesOf, locationKeyOf } from './directives/http.ts';
import { zonesOf } from './directives/limit.ts';
import { logFormatsOf } from './directives/log.ts';
import { lookupsOf } from './directives/lookup.ts';
import { scriptOf } from './directives/rewrite.ts';
import { upstreamsOf } from './directives/upstream.ts';
import { addressText, endpointOf } from './listen.ts';
import { locationConf, serverConf } from './merge.ts';
import type { ConfigReader } from './reader.ts';
import type { Scope } from './scope.ts';

/** `http { … }` as data, once all of it has been read. */
export function buildSite(
  http: Scope,
  prefix: string,
  isRoot: boolean,
  reader: ConfigReader,
): SiteConf {
  const servers = http.children
    .filter(({ context }) => context === 'server')
    .map((scope) => buildServer(scope, isRoot));
  checkAddresses(http, servers, reader);
  const upstreams = upstreamsOf(http);
  const captureNames = [...reader.captureNames];
  const logFormats = [...logFormatsOf(http).values()];
  const zones = zonesOf(http);
  const charsetMaps = charsetMapsOf(http);
  return {
    charsetMaps,
    servers,
    logFormats,
    upstreams,
    captureNames,
    debugConnections: [],
    prefix,
    ...lookupsOf(http),
    ...zones,
  };
}

function buildServer(scope: Scope, isRoot: boolean): ServerConf {
  if (scope.own.listens === undefined) scope.own.listens = [usualListen(isRoot)];
  const location = { ...buildLocation(scope), script: [] };
  return serverConf(scope, location, buildScript(scope));
}

function usualListen(isRoot: boolean): ListenConf {
  const endpoint = endpointOf(isRoot ? '80' : '8000') as ListenConf['endpoint'];
  return {
    endpoint,
    text: addressText(endpoint),
    defaultServer: false,
    proxyProtocol: false,
    backlog: 511,
    reusePort: false,
    fastOpen: 0,
    ipv6Only: true,
  };
}

function buildLocation(scope: Scope): LocationConf {
  const nested = scope.children.filter((child) => child.context === 'location').map(buildLocation);
  const key = locationKeyOf(scope);
  const limit = scope.parts.get('limit_except') as
    | { readonly methods: readonly string[]; readonly scope: Scope }
    | undefined;
  const script = buildScript(scope);
  const conf = locationConf(scope, nested);
  const limitExcept = limit && { methods: limit.methods, location: buildLocation(limit.scope) };
  return { ...conf, ...(key ?? keyAround(scope)), script, limitExcept };
}

/** An `if` is in the location around it. */
function keyAround({ parent }: Scope): Pick<LocationConf, 'match' | 'text' | 'regex'> {
  const key = parent === undefined ? undefined : (locationKeyOf(parent) ?? keyAround(parent));
  return key ?? { match: 'prefix', text: '', regex: undefined };
}

function buildScript(scope: Scope): Script {
  return scriptOf(scope).map((instruction): Instruction => {
    if (instruction.kind !== 'pending-if') return instruction;
    const { condition, scope: inner } = instruction;
    const location = inner.context === 'if-location' ? buildLocation(inner) : undefined;
    return { kind: 'if', condition, script: buildScript(inner), location };
  });
}

/** One default server for an address; a name that two servers have is the first one's. */
function checkAddresses(http: Scope, servers: readonly ServerConf[], reader: ConfigReader): void {
  checkBadNames(http, servers);
  const defaults = new Set<string>();
  const names = new Set<string>();
  for (const [index, server] of servers.entries()) {
    const position = http.children[index]?.position;
    for (const { text, defaultServer } of server.listens) {
      if (defaultServer && defaults.has(text)) {
        throw new ConfigError(`a duplicate default server for ${text}`, position);
      }
      if (defaultServer) defaults.add(text);
      for (const name of server.names) {
        if (name.kind === 'regex') continue;
        const shown = textOfName(name);
        const known = `${text} ${name.kind} ${shown}`;
        if (names.has(known)) reader.warn(`conflicting server name "${shown}" on ${text}, ignored`);
        names.add(known);
      }
    }
  }
}

function checkBadNames(http: Scope, servers: readonly ServerConf[]): void {
  const scopes = http.children.filter(({ context }) => context === 'server');
  const counts = new Map<string, number>();
  for (const { text } of servers.flatMap(({ listens }) => listens)) {
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  for (const [index, { listens }] of servers.entries()) {
    const [name] = badNamesOf(scopes[index] as Scope);
    const shared = listens.find(({ text }) => (counts.get(text) ?? 0) > 1);
    if (name === undefined || shared === undefined) continue;
    throw new ConfigError(`invalid server name or wildcard "${name}" on ${shared.text}`);
  }
}

function textOfName(name: Exclude<ServerName, { readonly kind: 'regex' }>): string {
  if (name.kind === 'exact') return name.name;
  return name.kind === 'suffix' ? `*${name.suffix}` : `${name.prefix}*`;
}
